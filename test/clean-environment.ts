/**
 * Nothing of the person who runs the tests may reach them: no AWS profile, key or endpoint, and no running Latchkey.
 * Imported by both test runners' configurations, whose workers inherit the environment.
 */
for (const name of Object.keys(process.env)) {
  if (/^AWS_|^LATCHKEY_HOME$/.test(name)) Reflect.deleteProperty(process.env, name);
}
// An SDK that finds no credentials must not ask the machine that the tests run on.
process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
