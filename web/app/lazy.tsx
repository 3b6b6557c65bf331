/** A view that is loaded when it is first shown, so that the first load stays small. */

import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/** `drawn`: see `OpenedThread`. `meanwhile` is shown until it is there. */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  meanwhile: ComponentChildren = <p class="notice loading">Loading …</p>,
): ComponentType<Props & { drawn?: number }> {
  let loaded: ComponentType<Props> | null = null;
  return function Lazy(props: Props & { drawn?: number }) {
    const [View, setView] = useState<{ view: ComponentType<Props> } | null>(loaded && { view: loaded });
    const [hasFailed, setFailed] = useState(false);
    useEffect(() => {
      if (View) return;
      load().then(
        (view) => {
          loaded = view;
          setView({ view });
        },
        () => setFailed(true),
      );
    }, [View]);
    if (hasFailed)
      return (
        <p class="notice failed" role="alert">
          This part of the page could not be loaded.{" "}
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      );
    return View ? <View.view {...props} /> : meanwhile;
  };
}
