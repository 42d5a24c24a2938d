using Broadcast.Media;

namespace Broadcast.Origin.Tests.Recordings;

/// <summary>A catalog of what it was told.</summary>
internal sealed class Catalog : IRecordingCatalog
{
    private readonly Dictionary<RecordingId, RecordingRange> _known = [];
    private int _asked;

    public bool IsAway { get; set; }

    /// <summary>How often it was asked whether a session has any.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>The recording of a whole session.</summary>
    public RecordingRange Add(BroadcastSession session, DateTimeOffset? start = null, DateTimeOffset? end = null, RecordingId? id = null) =>
        _known[id ?? RecordingId.Of(session.Id)] = new RecordingRange(id ?? RecordingId.Of(session.Id), session.Channel, session.Id, start, end, "");

    /// <summary>A clip, by seconds since the session's begin.</summary>
    public RecordingRange Clip(BroadcastSession session, double start, double end) => Add(
        session, session.StartedAt.AddSeconds(start), session.StartedAt.AddSeconds(end), RecordingId.New(session.StartedAt));

    public void Remove(RecordingRange recording) => _known.Remove(recording.Id);

    public ValueTask<RecordingRange?> FindAsync(RecordingId id, CancellationToken cancellationToken) =>
        IsAway ? throw new RecordingsAwayException() : new(_known.GetValueOrDefault(id));

    public ValueTask<bool> HasAnyAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        return IsAway ? throw new RecordingsAwayException() : new(_known.Values.Any(known => known.Channel == channel && known.Session == session));
    }
}
