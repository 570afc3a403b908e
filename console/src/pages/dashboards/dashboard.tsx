/** One dashboard: its panels over a time, with what was chosen for its variables. */

import "./dashboard.css";
import { useRoute } from "preact-iso";
import { useMemo } from "preact/hooks";
import { api, told } from "../../api/client";
import { useAsked } from "../../parts/asked";
import { Page } from "../../parts/page";
import { Trouble } from "../../parts/trouble";
import { BoardView } from "./board-view";
import { readBoard } from "./read-board";

export default function Dashboard() {
  const uid = useRoute().params["uid"] ?? "";
  const { asked } = useAsked(
    () => told(api.GET("/api/dashboards/{uid}", { params: { path: { uid } } })),
    [uid],
  );
  const { data } = asked.value;
  const board = useMemo(() => (data ? readBoard(data) : null), [data]);
  if (board) return <BoardView key={uid} board={board} />;
  return (
    <Page title="Dashboard">
      <Trouble asked={asked.value} />
    </Page>
  );
}
