using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>Counts failures by address in windows of a minute. Remembers at most <see cref="MaxAddresses"/>; when full, the oldest are forgotten first.</summary>
internal sealed class AttemptThrottle(IOptions<ControlOptions> options, TimeProvider time)
{
    public const int MaxAddresses = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly Dictionary<IPAddress, Count> _counts = [];
    private readonly Lock _lock = new();

    /// <summary>Whether the address has failed too often lately.</summary>
    public bool IsOver(EndPoint? remote)
    {
        if (Network(remote) is not { } address)
        {
            return false;
        }

        lock (_lock)
        {
            return _counts.TryGetValue(address, out var count) && time.GetElapsedTime(count.Since) < Window && count.Failures >= options.Value.AttemptsPerMinute;
        }
    }

    /// <summary>Counts a failure.</summary>
    public void Failed(EndPoint? remote)
    {
        if (Network(remote) is not { } address)
        {
            return;
        }

        lock (_lock)
        {
            if (_counts.TryGetValue(address, out var count) && time.GetElapsedTime(count.Since) < Window)
            {
                _counts[address] = count with { Failures = count.Failures + 1 };
                return;
            }

            if (_counts.Count >= MaxAddresses)
            {
                MakeRoom();
            }

            _counts[address] = new(time.GetTimestamp(), 1);
        }
    }

    private void MakeRoom()
    {
        foreach (var address in _counts.OrderBy(c => c.Value.Since).Take(MaxAddresses / 10).Select(c => c.Key).ToList())
        {
            _counts.Remove(address);
        }
    }

    // One subscriber has a whole /64 of IPv6, so that is what counts as an address.
    private static IPAddress? Network(EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address })
        {
            return null;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new(bytes);
    }

    private readonly record struct Count(long Since, int Failures);
}
