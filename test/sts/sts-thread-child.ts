/** Asks a thread twice, one after the other; its code is named by the argument. Prints the answers, and has nothing else to do. */
import { Secret } from '../../main/secret.ts';
import { StsThread } from '../../main/sts/sts-thread.ts';
import { aliceKeys } from './sample-world.ts';

const [, , code = ''] = process.argv;
const sts = new StsThread(new URL(code));
const { accessKeyId, secretAccessKey } = aliceKeys;
const alice = { accessKeyId, secretAccessKey: new Secret(secretAccessKey) };
console.log(await sts.getCallerIdentity(alice, 'us-east-1'));
console.log(await sts.getCallerIdentity(alice, 'us-east-1'));
