/** Who I am here, where I am signed in, and how the pages look. */

import { useLocation } from "preact-iso";
import { api, told } from "../../api/client";
import { useAsked } from "../../parts/asked";
import { Ago, Moment } from "../../parts/moment";
import { Page } from "../../parts/page";
import { say } from "../../parts/said";
import { Trouble } from "../../parts/trouble";
import { at } from "../../place";
import { allows, session } from "../../session";
import { THEMES, theme } from "../../theme";
import { People } from "./people";
import { TokenList } from "./tokens";
import { Table } from "../../parts/table";

export default function Account() {
  const { person } = session.value;
  return (
    <Page title="Account">
      {person ? (
        <>
          <p>
            You are <strong>{person.name}</strong>, with the role <strong>{person.role}</strong>.
          </p>
          <SignOut />
          <Sessions />
          {allows("admin") && (
            <>
              <People />
              <TokenList />
            </>
          )}
        </>
      ) : (
        <p>
          You look without having signed in. <a href={at("sign-in")}>Sign in</a> to act.
        </p>
      )}
      <h2>Colours</h2>
      <div class="bar" role="group" aria-label="Colours">
        {THEMES.map((each) => (
          <button aria-pressed={theme.value === each} onClick={() => (theme.value = each)}>
            {each}
          </button>
        ))}
      </div>
      <h2>Keys</h2>
      <p>
        <kbd>/</kbd> searches. <kbd>g</kbd> and another key goes to a page; the search says which.
      </p>
    </Page>
  );
}

function SignOut() {
  const { route } = useLocation();
  // Who showed a token has no session to end.
  if (session.value.csrf === null) return null;
  const leave = async () => {
    session.value = await told(api.DELETE("/api/session"));
    route(at("sign-in"));
  };
  return <button onClick={leave}>Sign out</button>;
}

function Sessions() {
  const { asked, again } = useAsked(() => told(api.GET("/api/sessions")), []);
  const end = async (which: string) => {
    try {
      await told(api.DELETE("/api/sessions/{which}", { params: { path: { which } } }));
      say("The session has ended.");
    } catch (error) {
      say((error as Error).message, true);
    }
    again();
  };
  const listed = asked.value.data ?? [];
  return (
    <>
      <h2>Sessions</h2>
      <Trouble asked={asked.value} />
      {listed.length === 0 && !asked.value.asking && <p class="faint">Nobody is signed in.</p>}
      {listed.length > 0 && (
        <Table
          label="Sessions"
          columns={[
            "Who",
            "Role",
            "By",
            "From",
            "Since",
            "Last seen",
            "Until",
            { text: "Revoke", unseen: true },
          ]}
        >
          {listed.map((each) => (
            <tr key={each.id}>
              <td>
                {each.name}
                {each.current && <strong> (this one)</strong>}
              </td>
              <td>{each.role}</td>
              <td>{each.way}</td>
              <td title={each.agent}>{each.address}</td>
              <td>
                <Moment at={each.made_at} />
              </td>
              <td>
                <Ago at={each.last_seen_at} />
              </td>
              <td>
                <Moment at={each.expires_at} />
              </td>
              <td>
                <button aria-label={`End ${each.id} of ${each.name}`} onClick={() => end(each.id)}>
                  End
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}
