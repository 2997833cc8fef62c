const questions = [
  "Tell me about the restaurant around the corner.",
  "I have bought a camera. What do you think of it?",
  "How will the first day at my new job be?",
];

export function Welcome({hasVectors, onAsk}: {hasVectors: boolean; onAsk: (question: string) => void}) {
  return (
    <section class="welcome">
      <h2>Ask once, see two answers</h2>
      <p class="lead">
        One with the steering that you set, one without. The strip under the first shows the layer at which your words
        were steered, and how likely the predictor found each layer. Each side keeps its own history: both go on as
        conversations of their own.
      </p>
      {!hasVectors && (
        <p class="note">
          This server has no steering vectors, so both answers are the model's own. Start it with{" "}
          <code>--steer NAME=PATH</code>.
        </p>
      )}
      <ul class="questions">
        {questions.map((question) => (
          <li key={question}>
            <button type="button" onClick={() => onAsk(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
