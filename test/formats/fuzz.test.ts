import { arrowProperties } from '../fuzz/arrow.ts';
import { damagedFixtureProperties } from '../fuzz/fixtures-damaged.ts';
import { jsonProperties } from '../fuzz/json.ts';
import { npyProperties } from '../fuzz/npy.ts';
import { npzProperties } from '../fuzz/npz.ts';
import { testSome } from '../fuzz/property.ts';
import { safetensorsProperties } from '../fuzz/safetensors.ts';

testSome([
  ...npyProperties,
  ...npzProperties,
  ...safetensorsProperties,
  ...jsonProperties,
  ...arrowProperties,
  ...damagedFixtureProperties,
]);
