import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/parts.css";
import "./theme";
import { render } from "preact";
import { Console } from "./console";
import { listen } from "./live/socket";
import { renewSession } from "./session";

listen();
void renewSession();
const place = document.getElementById("console");
if (place) render(<Console />, place);
