using Broadcast.Media;

namespace Broadcast.Origin.Recordings;

/// <summary>Asks what can be replayed; nothing can, where there is nobody to ask. Safe to use from any thread.</summary>
/// <param name="time">The clock.</param>
/// <param name="catalog">Who knows.</param>
internal sealed class KnownRecordings(TimeProvider time, IRecordingCatalog? catalog = null)
{
    /// <summary>How long it is believed that there is a recording of a session, or none: every segment asks.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    /// <summary>Answers that are remembered.</summary>
    private const int MaxAnswers = 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<(ChannelName, SessionId), (bool HasAny, long Since)> _answers = [];

    /// <summary>A recording that viewers may see, or <see langword="null"/>.</summary>
    /// <exception cref="RecordingsAwayException">It cannot be found out now.</exception>
    public ValueTask<RecordingRange?> FindAsync(RecordingId id, CancellationToken cancellationToken) => catalog?.FindAsync(id, cancellationToken) ?? new((RecordingRange?)null);

    /// <summary>Whether viewers may see some recording that has its media in a session.</summary>
    /// <exception cref="RecordingsAwayException">It cannot be found out now.</exception>
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
