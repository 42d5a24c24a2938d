using Broadcast.Media.StorageToControl;

namespace Broadcast.Control.Recordings;

/// <summary>Consequences of deleting a recording or clip.</summary>
/// <param name="Recordings">The recordings and clips to delete.</param>
/// <param name="Channel">Their channel.</param>
/// <param name="Session">Their session.</param>
/// <param name="SessionStartedAt">Start of the session.</param>
/// <param name="SessionEndedAt">End of the session; <see langword="null"/> while it is open, which retains its media.</param>
/// <param name="RetainedBy">The session's remaining recordings and clips; if there are any, its media is retained.</param>
/// <param name="Media">Media and journal to delete; <see langword="null"/> for none, or when it could not be counted.</param>
public sealed record DeletionPlan(
    IReadOnlyList<RecordingInfo> Recordings,
    string Channel,
    string Session,
    DateTimeOffset SessionStartedAt,
    DateTimeOffset? SessionEndedAt,
    IReadOnlyList<string> RetainedBy,
    SessionStorageUsage? Media)
{
    /// <summary>Maximum objects counted: listing them takes a bucket some seconds.</summary>
    internal const int MaxCounted = 100_000;

    /// <summary>Indicates whether the session's media is deleted, now or when it ends.</summary>
    public bool DeletesMedia => RetainedBy.Count == 0;
}
