/** How everything stands: the verdict, what waits for people, and a tile for each thing. */

import "./overview.css";
import { now } from "../../live/platform";
import { Page } from "../../parts/page";
import { VerdictLine } from "../../parts/verdict-line";
import { BackupTiles } from "./backup-tiles";
import { DatabaseTiles } from "./database-tiles";
import { DrillTiles } from "./drill-tiles";
import { KpiTiles } from "./kpi-tiles";
import { OwnTroubles } from "./own-troubles";
import { ServiceTiles } from "./service-tiles";
import { WaitingList } from "./waiting-list";

export default function Overview() {
  return (
    <Page title="Overview">
      {now.value && (
        <>
          <VerdictLine />
          <WaitingList />
          <OwnTroubles />
          <ServiceTiles />
          <KpiTiles />
          <BackupTiles />
          <DrillTiles />
          <DatabaseTiles />
        </>
      )}
    </Page>
  );
}
