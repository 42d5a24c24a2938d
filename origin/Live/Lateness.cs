namespace Broadcast.Origin;

/// <summary>
/// How late a rendition's parts come by the clock. What comes in one go after a silence is late, too, but less and less: that is being made up for, and says nothing of how late parts will be from then on. Pure.
/// </summary>
internal sealed class Lateness
{
    /// <summary>Parts that are looked at: about a second of them.</summary>
    private const int Parts = 4;

    /// <summary>So much later than the part before means that there was a silence in between.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private readonly Queue<TimeSpan> _newest = new(Parts);
    private TimeSpan? _before;
    private TimeSpan? _last;

    /// <summary>The latest of the newest parts; what it was before a silence, while that is made up for; 0 when nothing is known.</summary>
    public TimeSpan Usual => _before ?? Latest;

    private TimeSpan Latest => _newest.Count == 0 ? TimeSpan.Zero : _newest.Max();

    /// <summary>A part has come.</summary>
    /// <param name="afterItsEnd">How long after its end.</param>
    /// <param name="length">How long it is.</param>
    public void Came(TimeSpan afterItsEnd, TimeSpan length)
    {
        if (afterItsEnd - _last > Silence)
        {
            _before ??= Latest;
            _newest.Clear();
        }

        _last = afterItsEnd;
        if (_newest.Count == Parts)
        {
            _newest.Dequeue();
        }

        _newest.Enqueue(afterItsEnd);

        // At the pace of the clock lateness stays as it is, in one go it falls by each part's length: it is made up for while it falls by a third of that at least.
        if (_before is not null && _newest.Count == Parts && _newest.Peek() - afterItsEnd < length)
        {
            _before = null;
        }
    }
}
