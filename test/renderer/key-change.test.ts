import { describe, expect, it } from 'vitest';
import { changeOf, checkChange } from '../../renderer/keys/check.ts';
import { keyView } from './views.ts';

const serial = 'arn:aws:iam::111122223333:mfa/alice';
const draft = { label: 'work', mfaSerial: '', region: 'eu-central-1' };

describe('the change of a key', () => {
  it('is what is another in its form, and no more', () => {
    expect(changeOf(keyView, draft)).toEqual({ label: 'work' });
    expect(changeOf(keyView, { ...draft, label: ' home ', mfaSerial: serial, region: 'eu-west-1' })).toEqual({
      label: 'work',
      newLabel: 'home',
      mfaSerial: serial,
      region: 'eu-west-1',
    });
  });

  it('takes the MFA device away where its field is emptied', () => {
    expect(changeOf({ ...keyView, mfaSerial: serial }, { ...draft, mfaSerial: ' ' })).toEqual({
      label: 'work',
      mfaSerial: null,
    });
  });

  it('is told what is wrong with each field', () => {
    const wrong = { label: 'my key', mfaSerial: 'x', region: 'europe' };
    expect(Object.keys(checkChange(changeOf(keyView, wrong), [keyView]))).toEqual([
      'newLabel',
      'mfaSerial',
      'region',
    ]);
    expect(checkChange(changeOf(keyView, draft), [keyView])).toEqual({});
  });

  it('is told that another key has the new label', () => {
    const change = changeOf(keyView, { ...draft, label: 'home' });
    expect(checkChange(change, [keyView, { ...keyView, label: 'home' }])).toEqual({
      newLabel: `The label “home” is taken by the access key ${keyView.accessKeyId}`,
    });
  });
});
