using Broadcast.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Servers;

/// <summary>Duration of this server's lease, time of its last renewal, and whether the server is drained. Thread-safe.</summary>
internal sealed class ServerLeaseState(IOptions<ControlOptions> options, [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
    ServerDatabase? database = null)
{
    /// <summary>Factor of the lease with the private database. No other server waits for its end.</summary>
    private const int PrivateLeases = 5;

    private long _renewedAt;
    private volatile bool _isDrained;
    private volatile bool _isStopping;

    /// <summary>Raised when the server begins to be drained, or no longer is. Handlers must only wake other threads.</summary>
    public event Action? DrainingChanged;

    /// <summary>Indicates whether an operator drains the server, or it is about to stop.</summary>
    public bool IsDraining => _isDrained || _isStopping;

    /// <summary>Indicates whether the server is about to stop.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>Duration of the lease: longer with the private database.</summary>
    public TimeSpan Duration => options.Value.ServerLease * (database?.IsPrivate == true ? PrivateLeases : 1);

    /// <summary>Time since the last renewal began; since the start of the clock before the first.</summary>
    public TimeSpan Age => time.GetElapsedTime(Interlocked.Read(ref _renewedAt));

    /// <summary>Indicates whether the lease was held and has expired: other servers may have taken sessions of this server over.</summary>
    public bool HasExpired => Interlocked.Read(ref _renewedAt) != 0 && Age >= Duration;

    /// <summary>Records a renewal.</summary>
    /// <param name="began">Timestamp of the clock before the request.</param>
    public void Renewed(long began) => Interlocked.Exchange(ref _renewedAt, began);

    /// <summary>Records whether an operator drains the server.</summary>
    /// <returns>Whether that has changed.</returns>
    public bool SetDraining(bool isDrained)
    {
        if (_isDrained == isDrained)
        {
            return false;
        }

        _isDrained = isDrained;
        DrainingChanged?.Invoke();
        return true;
    }

    /// <summary>Takes no more sessions, because the server is about to stop.</summary>
    public void BeginStop()
    {
        _isStopping = true;
        DrainingChanged?.Invoke();
    }
}
