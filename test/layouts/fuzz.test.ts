import { layoutProperties } from '../fuzz/layouts.ts';
import { testSome } from '../fuzz/property.ts';

testSome(layoutProperties);
