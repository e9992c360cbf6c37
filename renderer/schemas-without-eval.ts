/**
 * Tells zod not to try `new Function`, which the page's content security policy refuses and reports.
 * Imported before anything that makes a schema.
 */
import * as z from 'zod/mini';

z.config({ jitless: true });
