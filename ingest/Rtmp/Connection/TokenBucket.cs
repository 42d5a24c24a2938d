namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>So many at once, so many a second from then on.</summary>
internal sealed class TokenBucket(double capacity, double perSecond)
{
    private double _tokens;
    private DateTimeOffset _at;

    /// <summary>Takes one, if there is one.</summary>
    public bool TryTake(DateTimeOffset now)
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

        if (_tokens < 1)
        {
            return false;
        }

        _tokens--;
        return true;
    }
}
