/** Headers by which a request shows that it does not come straight from a program of this user. */

/**
 * Who else has had a hand in a request with this header; undefined for any other header. No SDK sends one of these.
 * X-Forwarded-For is what AWS's own metadata service refuses:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 * @param name in lower case
 */
export function senderShownBy(name: string): 'browser' | 'proxy' | undefined {
  return senders.get(name) ?? families.find(({ prefix }) => name.startsWith(prefix))?.sender;
}

const senders = new Map<string, 'browser' | 'proxy'>([
  ['origin', 'browser'],
  ['referer', 'browser'],
  ['forwarded', 'proxy'],
  ['via', 'proxy'],
  ['x-real-ip', 'proxy'],
  ['x-client-ip', 'proxy'],
  ['true-client-ip', 'proxy'],
  ['cf-connecting-ip', 'proxy'],
]);

const families = [
  { prefix: 'sec-', sender: 'browser' },
  { prefix: 'access-control-request-', sender: 'browser' },
  { prefix: 'x-forwarded-', sender: 'proxy' },
  { prefix: 'proxy-', sender: 'proxy' },
] as const;
