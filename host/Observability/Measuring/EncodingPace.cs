using Broadcast.Transcoder.Encoders;

namespace Broadcast.Host.Observability.Measuring;

/// <summary>Encoding speed of a channel's rungs, from their lag at two times. Holds the previous measurement.</summary>
internal sealed class EncodingPace
{
    private (DateTimeOffset At, TimeSpan Behind, string? Encoder, int Restarts)? _previous;

    /// <summary>
    /// Seconds of source encoded per second since the last measurement; <see langword="null"/> if there was none, or the encoder process
    /// has changed.
    /// </summary>
    public double? Measure(DateTimeOffset at, EncodingState? state)
    {
        var previous = _previous;
        _previous = state is { Encoder: not null } s ? (at, s.Lag, s.Encoder, s.Restarts) : null;
        if (previous is not { } b || _previous is not { } n || b.Encoder != n.Encoder || b.Restarts != n.Restarts || n.At <= b.At)
        {
            return null;
        }

        return Math.Max(0, 1 - ((n.Behind - b.Behind) / (n.At - b.At)));
    }
}
