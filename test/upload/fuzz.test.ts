import { testSome } from '../fuzz/property.ts';
import { stateProperties } from '../fuzz/state.ts';

testSome(stateProperties);
