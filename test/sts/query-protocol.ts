/**
 * The AWS Query protocol: parameters in, XML out.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html and
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
import { Refusal } from './refusal.ts';

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';
const apiVersion = '2011-06-15';

/** An XML element's content: text, or child elements in their order. */
export type XmlContent = string | readonly (readonly [name: string, content: XmlContent])[];

/**
 * The parameters of a call, from its query string and its form body.
 *
 * @throws Refusal MalformedQueryString for a broken percent escape or a parameter given twice.
 */
export function parseParameters(query: string, form: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of [...query.split('&'), ...form.split('&')].filter((text) => text !== '')) {
    const equals = pair.indexOf('=');
    const name = decodeFormText(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decodeFormText(pair.slice(equals + 1));
    if (parameters.has(name)) throw malformedQueryString();
    parameters.set(name, value);
  }
  return parameters;
}

function decodeFormText(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformedQueryString();
  }
}

function malformedQueryString(): Refusal {
  return new Refusal(404, 'MalformedQueryString', 'The query string contains a syntax error.');
}

/**
 * The `Action` of a call.
 *
 * @throws Refusal MissingAction, or InvalidAction when the `Version` is not the one STS ever had.
 */
export function parseAction(parameters: ReadonlyMap<string, string>): string {
  const action = parameters.get('Action');
  if (action === undefined || action === '') {
    throw new Refusal(400, 'MissingAction', 'The request is missing an action or a required parameter.');
  }
  const version = parameters.get('Version') ?? '';
  if (version !== apiVersion) throw invalidAction(action, version);
  return action;
}

/** The action is none of STS's, or none that this one serves. */
export function invalidAction(action: string, version: string = apiVersion): Refusal {
  return new Refusal(400, 'InvalidAction', `Could not find operation ${action} for version ${version}`);
}

/** The XML of a successful answer: `<ActionResponse><ActionResult>…` with the request's ID. */
export function answerXml(action: string, result: XmlContent, requestId: string): string {
  const content: XmlContent = [
    [`${action}Result`, result],
    ['ResponseMetadata', [['RequestId', requestId]]],
  ];
  return element(`${action}Response`, content, ` xmlns="${namespace}"`, '');
}

/** The XML of an error answer. */
export function refusalXml(refusal: Refusal, requestId: string): string {
  const content: XmlContent = [
    [
      'Error',
      [
        ['Type', refusal.status < 500 ? 'Sender' : 'Receiver'],
        ['Code', refusal.code],
        ['Message', refusal.message],
      ],
    ],
    ['RequestId', requestId],
  ];
  return element('ErrorResponse', content, ` xmlns="${namespace}"`, '');
}

function element(name: string, content: XmlContent, attributes: string, indent: string): string {
  if (typeof content === 'string') return `${indent}<${name}${attributes}>${escapeXml(content)}</${name}>\n`;
  const children = content.map(([childName, child]) => element(childName, child, '', `${indent}  `));
  return `${indent}<${name}${attributes}>\n${children.join('')}${indent}</${name}>\n`;
}

function escapeXml(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  // A parser would turn a bare carriage return into a line feed, and refuse other control characters
  // altogether. Those cannot be written in XML 1.0, not even escaped.
  return escaped
    .replaceAll('\r', '&#13;')
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}');
}

/** A time as STS writes it: whole seconds, in UTC. */
export function xmlTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/u, 'Z');
}
