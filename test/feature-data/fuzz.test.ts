import { testSome } from '../fuzz/property.ts';
import { recordProperties } from '../fuzz/records.ts';

testSome(recordProperties);
