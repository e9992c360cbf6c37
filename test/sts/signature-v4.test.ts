import { expect, test } from 'vitest';
import { canonicalRequest, signature } from './signature-v4.ts';

/**
 * AWS's published examples: the Signature Version 4 test suite and, last, the worked example of the
 * "Signature Version 4 signing process" pages. All are signed with the same example key at the same time.
 */
const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const amzDate = '20150830T123600Z';
const suite = { host: 'example.amazonaws.com', service: 'service' };

interface Example {
  name: string;
  method?: string;
  target?: string;
  headers?: [string, string][];
  body?: string;
  host?: string;
  service?: string;
  signature: string;
}

const examples: Example[] = [
  { name: 'get-vanilla', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  {
    name: 'post-vanilla',
    method: 'POST',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'get-vanilla-query-order-key-case',
    target: '/?Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'get-header-value-trim',
    headers: [
      ['My-Header1', ' value1'],
      ['My-Header2', ' "a   b   c"'],
    ],
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  {
    name: 'get-utf8',
    target: Buffer.from('/\u1234').toString('latin1'),
    signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85',
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    body: 'Param1=value1',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
  {
    name: 'the worked example of the documentation',
    host: 'iam.amazonaws.com',
    service: 'iam',
    target: '/?Action=ListUsers&Version=2010-05-08',
    headers: [['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8']],
    signature: '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  },
];

test.each(examples)('the signature of $name is the one AWS published', (example) => {
  const { method = 'GET', target = '/', host = suite.host, service = suite.service, body = '' } = example;
  const headers: [string, string][] = [['Host', host], ...(example.headers ?? []), ['X-Amz-Date', amzDate]];
  const request = { method, target, headers, body: Buffer.from(body) };
  const signedHeaders = headers.map(([name]) => name.toLowerCase()).sort();
  const scope = { date: '20150830', region: 'us-east-1', service };
  expect(signature(request, { scope, signedHeaders, amzDate }, secret)).toBe(example.signature);
});

test.each([
  ['/a/../b', '/b'],
  ['//a///b/', '/a/b/'],
  ['/./', '/'],
  ['/a%20b', '/a%2520b'],
  ['/..', '/'],
])('the path %s is signed as %s', (target, path) => {
  const request = { method: 'GET', target, headers: [], body: Buffer.alloc(0) };
  expect(canonicalRequest(request, []).split('\n')[1]).toBe(path);
});

test.each([
  ['/?b=2&a=1&A=3', 'A=3&a=1&b=2'],
  ['/?a=2&a=10&a=1', 'a=1&a=10&a=2'],
  ['/?a=%7e%2f+x&b', 'a=~%2F%20x&b='],
])('the query of %s is signed as %s', (target, query) => {
  const request = { method: 'GET', target, headers: [], body: Buffer.alloc(0) };
  expect(canonicalRequest(request, []).split('\n')[2]).toBe(query);
});
