using Broadcast.Media;
using Broadcast.Transcoder.Encoders;

namespace Broadcast.Host.Observability.Measuring;

/// <summary>How fast a channel's rungs are encoded, from how far they were behind at two moments. Pure but for what it remembers.</summary>
internal sealed class EncodingPace
{
    private (DateTimeOffset At, TimeSpan Behind, string? Encoder, int Restarts)? _before;

    /// <summary>How many seconds of the source were encoded in one second since the moment before; <see langword="null"/> where there was none, or another process encoded then.</summary>
    public double? Look(DateTimeOffset at, EncodingState? state)
    {
        var before = _before;
        _before = state is { Encoder: not null } s ? (at, s.Behind, s.Encoder, s.Restarts) : null;
        if (before is not { } b || _before is not { } n || b.Encoder != n.Encoder || b.Restarts != n.Restarts || n.At <= b.At)
        {
            return null;
        }

        return Math.Max(0, 1 - ((n.Behind - b.Behind) / (n.At - b.At)));
    }
}
