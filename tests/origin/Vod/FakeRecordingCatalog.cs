using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Origin.Tests.Vod;

/// <summary>A catalog filled by the test.</summary>
internal sealed class FakeRecordingCatalog : IRecordingCatalog, IRecordingList
{
    private readonly Dictionary<RecordingId, RecordingRange> _known = [];
    private int _asked;
    private long _changes;

    public bool IsAway { get; set; }

    /// <summary>Number of queries for the recordings of a session.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public long Changes => Volatile.Read(ref _changes);

    /// <summary>Adds the recording of a whole session.</summary>
    public RecordingRange Add(BroadcastSession session, DateTimeOffset? start = null, DateTimeOffset? end = null, RecordingId? id = null)
    {
        Interlocked.Increment(ref _changes);
        return _known[id ?? RecordingId.Of(session.Id)] =
            new RecordingRange(id ?? RecordingId.Of(session.Id), session.Channel, session.Id, start, end, "") { Access = session.Access };
    }

    /// <summary>Adds a clip, in seconds since the session's start.</summary>
    public RecordingRange Clip(BroadcastSession session, double start, double end) => Add(
        session, session.StartedAt.AddSeconds(start), session.StartedAt.AddSeconds(end), RecordingId.New(session.StartedAt));

    public void Remove(RecordingRange recording)
    {
        Interlocked.Increment(ref _changes);
        _known.Remove(recording.Id);
    }

    public Task<IReadOnlyList<RecordingRange>> VisibleAsync(RecordingId? before, int most, CancellationToken cancellationToken) =>
        IsAway ? throw new RecordingsUnavailableException() : Task.FromResult<IReadOnlyList<RecordingRange>>(
            [.. _known.Values.Where(known => before is not { } last || string.CompareOrdinal(known.Id.Value, last.Value) < 0)
                .OrderByDescending(known => known.Id.Value, StringComparer.Ordinal).Take(most)]);

    public ValueTask<RecordingRange?> FindAsync(RecordingId id, CancellationToken cancellationToken) =>
        IsAway ? throw new RecordingsUnavailableException() : new(_known.GetValueOrDefault(id));

    public ValueTask<bool> HasAnyAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        return IsAway ? throw new RecordingsUnavailableException()
            : new(_known.Values.Any(known => known.Channel == channel && known.Session == session));
    }
}
