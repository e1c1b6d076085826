// The ways between the places of the picture: deeper is one step more for the browser's way back, aside is none. The
// entries of the browser's history keep the place as `stage`, and how deep it is as `depth`.

import { addressNow, inAddress, set } from '../app/link';
import { NETWORK, ofLink, type Place, placeOf, trailOf } from './place';

const entry = (): { stage?: unknown; depth?: number } => history.state ?? {};

/** The place of the browser's present entry. */
export const here = (): Place => placeOf(entry().stage);

export class Ways {
  readonly #show: (place: Place) => void;
  /** Where a step back that is under way leads: its entry in the browser's history may hold a place of a former network. */
  #aim: Place | null = null;

  /** @param show  shows a place that was gone to without a step back */
  constructor(show: (place: Place) => void) {
    this.#show = show;
  }

  /** The place to begin with: that of the browser's entry, or that of the link, which the way back leads out of. */
  begin(): Place {
    if (entry().stage !== undefined) return here();
    const place = inAddress('at', ofLink) ?? NETWORK;
    const address = addressNow();
    set(address, 'at', null);
    history.replaceState(history.state, '', address);
    trailOf(place).forEach((stage, i) => history.pushState({ ...history.state, stage, depth: i + 1 }, ''));
    return place;
  }

  /** Goes to a place; one that is less deep is shown once the browser has gone back, see back(). */
  go(to: Place): void {
    const depth = trailOf(to).length;
    const now = entry().depth ?? 0;
    if (depth < now) {
      this.#aim = to;
      history.go(depth - now);
      return;
    }
    const state = { ...history.state, stage: to, depth };
    if (depth > now) history.pushState(state, '');
    else history.replaceState(state, '');
    this.#show(to);
  }

  /** The browser has gone back or forward: the place where it is. */
  back(): Place {
    if (this.#aim) history.replaceState({ ...history.state, stage: this.#aim }, '');
    this.#aim = null;
    return here();
  }
}
