/** As much of a page as the stores ask for. Import it before them: one asks when it is loaded. */
import { vi } from 'vitest';

class Page extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';

  show(): void {
    this.#turn('visible');
  }

  hide(): void {
    this.#turn('hidden');
  }

  #turn(state: DocumentVisibilityState): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

export const page = new Page();
export const clipboard = { writeText: vi.fn<(text: string) => Promise<void>>() };

vi.stubGlobal('document', page);
vi.stubGlobal('navigator', { userAgent: 'X11; Linux x86_64', clipboard });
