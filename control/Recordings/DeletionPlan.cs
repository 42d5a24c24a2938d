using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>What is deleted with a recording or clip.</summary>
/// <param name="Recordings">The recordings and clips that go.</param>
/// <param name="Channel">Their channel.</param>
/// <param name="Session">Their session.</param>
/// <param name="SessionStartedAt">When it began.</param>
/// <param name="SessionEndedAt">When it ended; <see langword="null"/> while it is open, and until then its media stay.</param>
/// <param name="KeptBy">The recordings and clips of the session that stay; when there are some, its media stay.</param>
/// <param name="Media">What of media and journal goes; <see langword="null"/> when nothing does, or nobody could count.</param>
public sealed record DeletionPlan(
    IReadOnlyList<RecordingInfo> Recordings,
    string Channel,
    string Session,
    DateTimeOffset SessionStartedAt,
    DateTimeOffset? SessionEndedAt,
    IReadOnlyList<string> KeptBy,
    SessionMediaSize? Media)
{
    /// <summary>Objects that are counted at most: some seconds' worth of questions to a bucket.</summary>
    internal const int MaxCounted = 100_000;

    /// <summary>Whether the session's media go, at once or when it is over.</summary>
    public bool MediaGoes => KeptBy.Count == 0;
}
