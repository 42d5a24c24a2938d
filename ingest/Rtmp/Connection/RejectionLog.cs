using System.Net;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>
/// Logs one line for each connection that is rejected before it publishes, at most <see cref="LinesPerMinute"/> lines per address and
/// minute. Further rejections are counted, and the next line reports their number. Otherwise a client could fill the disk.
/// </summary>
internal sealed class RejectionLog(TimeProvider time, ILogger<RejectionLog> logger)
{
    /// <summary>Maximum number of lines per minute for one IPv4 address or IPv6 /64.</summary>
    public const int LinesPerMinute = 5;

    /// <summary>Maximum number of tracked addresses; the oldest ones are removed.</summary>
    public const int MaxAddresses = 10_000;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, AddressCounter> _counters = [];

    /// <summary>Logs or counts a rejection.</summary>
    public void Report(EndPoint? remote, DisconnectReason end, string connection)
    {
        if (end.Rejection is not { } rejection || !ShouldLog(remote, out var omitted))
        {
            return;
        }

        if (rejection is IngestRejectionReason.HttpOnRtmpPort or IngestRejectionReason.TlsOnRtmpPort)
        {
            IngestLog.WrongPort(logger, remote, end.Reason, connection);
        }
        else
        {
            IngestLog.Rejected(logger, remote, end.Reason, rejection, connection);
        }

        if (omitted > 0)
        {
            IngestLog.RejectionsOmitted(logger, ClientNetwork.Of(remote), omitted);
        }
    }

    private bool ShouldLog(EndPoint? remote, out int omitted)
    {
        omitted = 0;
        var address = ClientNetwork.Of(remote) ?? IPAddress.None;
        lock (_gate)
        {
            if (!_counters.TryGetValue(address, out var counter))
            {
                MakeRoom();
                _counters[address] = counter = new AddressCounter(time.GetTimestamp());
            }
            else if (time.GetElapsedTime(counter.Since) >= Window)
            {
                omitted = counter.Omitted;
                _counters[address] = counter = new AddressCounter(time.GetTimestamp());
            }

            if (counter.Logged == LinesPerMinute)
            {
                counter.Omitted++;
                return false;
            }

            counter.Logged++;
            return true;
        }
    }

    private void MakeRoom()
    {
        if (_counters.Count < MaxAddresses)
        {
            return;
        }

        foreach (var address in _counters.OrderBy(a => a.Value.Since).Take(MaxAddresses / 10).Select(a => a.Key).ToList())
        {
            _counters.Remove(address);
        }
    }

    private sealed class AddressCounter(long since)
    {
        public long Since => since;

        public int Logged { get; set; }

        public int Omitted { get; set; }
    }
}
