/** A view that is drawn again only with other properties. `preact/compat` has the same, and with it a hook that slows down every element. */
import { Component, type ComponentChildren, createElement, type FunctionComponent } from "preact";

export function memo<Props extends object>(view: (props: Props) => ComponentChildren): (props: Props) => ComponentChildren {
  class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      const names = Object.keys(next) as (keyof Props)[];
      return names.length !== Object.keys(this.props).length || names.some((name) => next[name] !== this.props[name]);
    }

    override render(): ComponentChildren {
      return createElement(view as FunctionComponent<Props>, this.props as Props);
    }
  }
  // A class is as good as a function where it is only drawn.
  return Memo as unknown as (props: Props) => ComponentChildren;
}
