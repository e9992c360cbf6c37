import { checkConfiguration } from '../configuration/configuration.ts';
import { changeInWords, withChange, type SettingsChange } from '../configuration/settings.ts';
import type { BrokerParts } from './parts.ts';

/**
 * Carries a change of the settings out at once.
 * @returns what has changed, in words; empty where nothing has
 * @throws Failure InvalidInput or PortTaken, naming the field; then nothing has changed
 */
export async function saveSettings(
  { configuration, mainPort }: Pick<BrokerParts, 'configuration' | 'mainPort'>,
  change: SettingsChange,
): Promise<string> {
  let inWords = '';
  const save = () =>
    configuration.update((now) => {
      inWords = changeInWords(now.settings, change);
      return { ...now, settings: withChange(now.settings, change) };
    });
  if (change.port === undefined) {
    await save();
    return inWords;
  }
  // A profile's own port is taken by Latchkey itself: that is said before it is tried.
  const { current } = configuration;
  checkConfiguration({ ...current, settings: withChange(current.settings, change) });
  await mainPort.move(change.port, save);
  return inWords;
}
