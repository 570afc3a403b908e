/** What fires and who is told, what is silenced, what was, and what became of the notices. */

import "./alerts.css";
import { alerts } from "../../live/platform";
import { Page } from "../../parts/page";
import { useQuery } from "../../parts/query";
import { Tabs, useTab } from "../../parts/tabs";
import { Firing } from "./firing";
import { History } from "./history";
import { Notices } from "./notices";
import { Silences } from "./silences";

const TABS = { firing: "Firing", silences: "Silences", history: "History", notices: "Notices" };

export default function Alerts() {
  const tab = useTab(TABS);
  const [text, setText] = useQuery("text");
  const count = Object.keys(alerts.value).length;
  return (
    <Page title="Alerts" beside={<span class="faint">{count} firing</span>}>
      <Tabs label="Views of alerts" tabs={TABS} />
      <p class="alerts-filter">
        <label for="alerts-text">Filter</label>
        <input
          id="alerts-text"
          type="search"
          value={text}
          placeholder="words in names, labels, annotations, people"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </p>
      {tab === "firing" && <Firing text={text} />}
      {tab === "silences" && <Silences text={text} />}
      {tab === "history" && <History text={text} />}
      {tab === "notices" && <Notices text={text} />}
    </Page>
  );
}
