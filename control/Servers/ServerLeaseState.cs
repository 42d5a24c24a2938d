using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Servers;

/// <summary>Time of this server's last lease renewal. Thread-safe.</summary>
internal sealed class ServerLeaseState(IOptions<ControlOptions> options, [FromKeyedServices(ControlClock.Key)] TimeProvider time)
{
    private long _renewedAt;

    /// <summary>Time since the last renewal began; since the start of the clock before the first.</summary>
    public TimeSpan Age => time.GetElapsedTime(Interlocked.Read(ref _renewedAt));

    /// <summary>Indicates whether the lease was held and has expired: other servers may have taken sessions of this server over.</summary>
    public bool HasExpired => Interlocked.Read(ref _renewedAt) != 0 && Age >= options.Value.ServerLease;

    /// <summary>Records a renewal.</summary>
    /// <param name="began">Timestamp of the clock before the request.</param>
    public void Renewed(long began) => Interlocked.Exchange(ref _renewedAt, began);
}
