import { allows } from "../session";
import { ActButton } from "./act-button";

/** The two answers of a second person; who may not give them sees why. */
export function Consent({ answer }: { answer: (approves: boolean) => void }) {
  return (
    <div class="buttons">
      <ActButton role="approver" onClick={() => answer(true)}>
        Approve
      </ActButton>
      {allows("approver") && (
        <ActButton role="approver" danger onClick={() => answer(false)}>
          Refuse
        </ActButton>
      )}
    </div>
  );
}
