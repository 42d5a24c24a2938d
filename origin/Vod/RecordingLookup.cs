using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Origin.Vod;

/// <summary>Looks up recordings; without a catalog there are none. Thread-safe.</summary>
/// <param name="time">The clock.</param>
/// <param name="catalog">The recording catalog.</param>
internal sealed class RecordingLookup(TimeProvider time, IRecordingCatalog? catalog = null)
{
    /// <summary>Cache lifetime of the answer whether a session has recordings, because every segment request asks.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    /// <summary>Maximum number of cached answers.</summary>
    private const int MaxAnswers = 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<(ChannelName, SessionId), (bool HasAny, long Since)> _answers = [];

    /// <summary>A recording that viewers can see, or <see langword="null"/>.</summary>
    /// <exception cref="RecordingsUnavailableException">The catalog is unavailable.</exception>
    public ValueTask<RecordingRange?> FindAsync(RecordingId id, CancellationToken cancellationToken) =>
        catalog?.FindAsync(id, cancellationToken) ?? new((RecordingRange?)null);

    /// <summary>Returns whether viewers can see any recording of a session.</summary>
    /// <exception cref="RecordingsUnavailableException">The catalog is unavailable.</exception>
    public async ValueTask<bool> HasAnyAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        if (catalog is null)
        {
            return false;
        }

        lock (_gate)
        {
            if (_answers.TryGetValue((channel, session), out var known) && time.GetElapsedTime(known.Since) < Lifetime)
            {
                return known.HasAny;
            }
        }

        var since = time.GetTimestamp();
        var hasAny = await catalog.HasAnyAsync(channel, session, cancellationToken);
        lock (_gate)
        {
            if (_answers.Count >= MaxAnswers)
            {
                _answers.Clear();
            }

            _answers[(channel, session)] = (hasAny, since);
        }

        return hasAny;
    }
}
