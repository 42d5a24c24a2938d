namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>Token bucket with a capacity and a refill rate.</summary>
internal sealed class TokenBucket(double capacity, double perSecond)
{
    private double _tokens;
    private DateTimeOffset _updatedAt;

    /// <summary>Takes tokens if enough are available.</summary>
    /// <param name="now">Current wall-clock time.</param>
    /// <param name="count">Number of tokens.</param>
    public bool TryTake(DateTimeOffset now, double count = 1)
    {
        if (now > _updatedAt)
        {
            _tokens = _updatedAt == default ? capacity : Math.Min(capacity, _tokens + ((now - _updatedAt).TotalSeconds * perSecond));
            _updatedAt = now;
        }
        else
        {
            // The clock was set back: keep the tokens and refill from here.
            _updatedAt = now;
        }

        if (_tokens < count)
        {
            return false;
        }

        _tokens -= count;
        return true;
    }
}
