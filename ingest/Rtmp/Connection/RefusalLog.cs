using System.Net;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>
/// One line for each connection that is sent away before it publishes, but only the first few of an address in a minute: the rest are counted, and the next line tells how many there
/// were. Otherwise a stranger could fill the disk with what we say about him.
/// </summary>
internal sealed class RefusalLog(TimeProvider time, ILogger<RefusalLog> logger)
{
    /// <summary>Lines for one IPv4 address or IPv6 /64 in a minute.</summary>
    public const int LinesPerMinute = 5;

    /// <summary>Addresses remembered; beyond, those longest known are forgotten.</summary>
    public const int MaxAddresses = 10_000;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, Account> _accounts = [];

    /// <summary>Tells it, or counts it.</summary>
    public void Tell(EndPoint? remote, ConnectionEnd end, string connection)
    {
        if (end.Rejection is not { } rejection || !MayTell(remote, out var leftOut))
        {
            return;
        }

        if (rejection is IngestRejection.HttpOnRtmpPort or IngestRejection.TlsOnRtmpPort)
        {
            IngestLog.WrongPort(logger, remote, end.Reason, connection);
        }
        else
        {
            IngestLog.Refused(logger, remote, end.Reason, rejection, connection);
        }

        if (leftOut > 0)
        {
            IngestLog.RefusalsLeftOut(logger, SubscriberNetwork.Of(remote), leftOut);
        }
    }

    private bool MayTell(EndPoint? remote, out int leftOut)
    {
        leftOut = 0;
        var address = SubscriberNetwork.Of(remote) ?? IPAddress.None;
        lock (_gate)
        {
            if (!_accounts.TryGetValue(address, out var account))
            {
                MakeRoom();
                _accounts[address] = account = new Account(time.GetTimestamp());
            }
            else if (time.GetElapsedTime(account.Since) >= Window)
            {
                leftOut = account.LeftOut;
                _accounts[address] = account = new Account(time.GetTimestamp());
            }

            if (account.Told == LinesPerMinute)
            {
                account.LeftOut++;
                return false;
            }

            account.Told++;
            return true;
        }
    }

    private void MakeRoom()
    {
        if (_accounts.Count < MaxAddresses)
        {
            return;
        }

        foreach (var address in _accounts.OrderBy(a => a.Value.Since).Take(MaxAddresses / 10).Select(a => a.Key).ToList())
        {
            _accounts.Remove(address);
        }
    }

    private sealed class Account(long since)
    {
        public long Since => since;

        public int Told { get; set; }

        public int LeftOut { get; set; }
    }
}
