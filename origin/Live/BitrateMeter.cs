using Broadcast.Media;

namespace Broadcast.Origin.Live;

/// <summary>
/// Measures the bitrates that manifests announce for a rendition, in steps so coarse that the values seldom change between segments.
/// </summary>
internal sealed class BitrateMeter(TimeSpan targetDuration)
{
    private long _bytes;
    private double _seconds;
    private long _pendingBytes;
    private double _pendingSeconds;
    private long _announcedAverage;

    /// <summary>
    /// Peak bitrate; never decreases. RFC 8216, 4.3.4.2: "The peak segment bit rate of a Media Playlist is the largest bit rate of any
    /// contiguous set of segments whose total duration is between 0.5 and 1.5 times the target duration."
    /// </summary>
    public long Peak { get; private set; }

    /// <summary>Average bitrate of everything measured.</summary>
    public long Average => _seconds > 0 ? (long)(_bytes * 8 / _seconds) : 0;

    /// <summary>Average bitrate as announced in manifests; unchanged while it is at most a fifth too high.</summary>
    public long AnnouncedAverage => _announcedAverage;

    /// <summary>Adds a closed segment.</summary>
    public void Add(long bytes, MediaTime duration)
    {
        _bytes += bytes;
        _seconds += duration.TotalSeconds;
        _pendingBytes += bytes;
        _pendingSeconds += duration.TotalSeconds;
        if (_pendingSeconds > 0 && (_pendingSeconds >= targetDuration.TotalSeconds / 2 || Peak == 0))
        {
            Peak = Math.Max(Peak, (long)Math.Ceiling(_pendingBytes * 8 / _pendingSeconds));
            (_pendingBytes, _pendingSeconds) = (0, 0);
        }

        if (Average > _announcedAverage || Average < _announcedAverage * 0.8)
        {
            _announcedAverage = Step(Average);
        }
    }

    /// <summary>Gets the state, for a projection elsewhere.</summary>
    public BitrateState GetState() => new(_bytes, _seconds, _pendingBytes, _pendingSeconds, _announcedAverage, Peak);

    /// <summary>Restores a state.</summary>
    public void Restore(BitrateState state) => (_bytes, _seconds, _pendingBytes, _pendingSeconds, _announcedAverage, Peak) =
        (state.Bytes, state.Seconds, state.PendingBytes, state.PendingSeconds, state.AnnouncedAverage, state.Peak);

    /// <summary>Rounds up to the next of 1.0, 1.1 … 2.0, 2.2 … 5.0, 5.5 … 10 times a power of ten: steps of 4 to 10 %.</summary>
    public static long Step(long bits)
    {
        if (bits <= 0)
        {
            return 0;
        }

        long power = 1;
        while (power <= bits / 10)
        {
            power *= 10;
        }

        var (numerator, denominator) = (bits / (double)power) switch { <= 2 => (1, 10), <= 5 => (2, 10), _ => (5, 10) };
        var step = Math.Max(1, power * numerator / denominator);
        return (bits + step - 1) / step * step;
    }
}
