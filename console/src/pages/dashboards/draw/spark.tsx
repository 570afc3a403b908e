/** How a number came to be, without axes; gaps are gaps. */

const [WIDTH, HEIGHT] = [200, 40];

export function Spark({ values }: { values: readonly (number | null)[] }) {
  const known = values.filter((each): each is number => each !== null && Number.isFinite(each));
  if (known.length < 2) return null;
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const x = (index: number) => ((index / (values.length - 1)) * WIDTH).toFixed(1);
  const y = (value: number) =>
    (HEIGHT - 2 - ((value - least) / (most - least || 1)) * (HEIGHT - 4)).toFixed(1);
  const path = values
    .map((value, index) => {
      if (value === null || !Number.isFinite(value)) return "";
      const begins = index === 0 || values[index - 1] === null;
      return `${begins ? "M" : "L"}${x(index)} ${y(value)}`;
    })
    .join("");
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        vector-effect="non-scaling-stroke"
      />
    </svg>
  );
}
