namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>So many at once, so many a second from then on.</summary>
internal sealed class TokenBucket(double capacity, double perSecond)
{
    private double _tokens;
    private DateTimeOffset _at;

    /// <summary>Takes some, if there are as many.</summary>
    /// <param name="now">Wall clock now.</param>
    /// <param name="count">How many; one when not said.</param>
    public bool TryTake(DateTimeOffset now, double count = 1)
    {
        if (now > _at)
        {
            _tokens = _at == default ? capacity : Math.Min(capacity, _tokens + ((now - _at).TotalSeconds * perSecond));
            _at = now;
        }
        else
        {
            // The clock was set back: what there is stays, and filling goes on from here.
            _at = now;
        }

        if (_tokens < count)
        {
            return false;
        }

        _tokens -= count;
        return true;
    }
}
