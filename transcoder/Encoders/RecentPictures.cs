using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// The newest pictures of a source, from a sync sample on, for a worker that has to begin in the middle of them. Whole groups of pictures back to <see cref="Reach"/> ago: what a worker that died held back may lie
/// before the newest sync sample. Bounded in pictures and bytes; when one group is longer than that, nothing is kept until the next one.
/// </summary>
internal sealed class RecentPictures
{
    /// <summary>How far back they reach at least, where they fit: a worker that hangs is noticed after 3 s.</summary>
    public static readonly TimeSpan Reach = TimeSpan.FromSeconds(4);

    /// <summary>Pictures kept at most, 12 s at 60 a second: a worker must be able to take them all at once.</summary>
    public const int MaxPictures = EncoderWorker.QueueLength * 3 / 4;

    /// <summary>Bytes kept at most.</summary>
    public const long MaxBytes = 64 << 20;

    /// <summary>Pictures that tell how many come.</summary>
    private const int StepPictures = 25;

    private readonly List<MediaSample> _pictures = [];
    private long _bytes;

    /// <summary>How many there are.</summary>
    public int Count => _pictures.Count;

    /// <summary>Time from picture to picture, of the newest; zero while there is one at most.</summary>
    public TimeSpan Step
    {
        get
        {
            var count = Math.Min(_pictures.Count, StepPictures);
            return count < 2 ? TimeSpan.Zero : (_pictures[^1].Decode - _pictures[^count].Decode).ToTimeSpan() / (count - 1);
        }
    }

    /// <summary>Keeps the next picture, and forgets what is too old or too much.</summary>
    public void Keep(in MediaSample sample)
    {
        if (sample.IsSync)
        {
            var oldest = (sample.Present - MediaTime.From(Reach, sample.Present.Timescale)).Ticks;
            Forget(Math.Max(0, _pictures.FindLastIndex(p => p.IsSync && p.Present.Ticks <= oldest)));
        }

        if (!sample.IsSync && _pictures.Count == 0)
        {
            return;
        }

        _pictures.Add(sample);
        _bytes += sample.Payload.Length;
        while (_pictures.Count > MaxPictures || _bytes > MaxBytes)
        {
            var next = _pictures.FindIndex(1, p => p.IsSync);
            Forget(next < 0 ? _pictures.Count : next);
        }
    }

    /// <summary>All from the last sync sample at or before a time on; from the first one when all are later.</summary>
    /// <param name="present">Presentation time in ticks of the pictures' clock.</param>
    public IReadOnlyList<MediaSample> From(long present) => _pictures[Math.Max(0, _pictures.FindLastIndex(p => p.IsSync && p.Present.Ticks <= present))..];

    /// <summary>Forgets all: what follows has another configuration.</summary>
    public void Clear() => Forget(_pictures.Count);

    private void Forget(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _bytes -= _pictures[i].Payload.Length;
        }

        _pictures.RemoveRange(0, count);
    }
}
