using Broadcast.Control.Servers;
using Broadcast.Media.ControlToCluster;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>
/// The ownership rules with a model of the tables of sessions and servers: random schedules of lost databases, lost connections between
/// servers, pauses, crashes and returns.
/// </summary>
public sealed class OwnershipModelTests
{
    private const int Schedules = 3000;
    private const int Steps = 150;

    [Fact]
    public void A_session_has_one_owner_per_epoch_and_a_server_that_hears_the_owner_never_takes_over()
    {
        var takeovers = 0;
        for (var seed = 0; seed < Schedules; seed++)
        {
            var model = new Model(seed);
            for (var step = 0; step < Steps; step++)
            {
                model.Step();
            }

            takeovers += model.Takeovers;
        }

        takeovers.ShouldBeGreaterThan(Schedules / 2, "the schedules must reach takeovers");
    }

    private sealed class Model
    {
        private static readonly TimeSpan Lease = TimeSpan.FromSeconds(6);
        private static readonly TimeSpan Renewal = Lease / 4;
        private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);
        private static readonly TimeSpan MirrorDelay = TimeSpan.FromSeconds(2);
        private static readonly OwnershipRules Rules = new(Lease, TimeSpan.FromSeconds(60));
        private readonly int _seed;
        private readonly Random _random;
        private readonly ManualTimeProvider _time = new();
        private readonly List<Member> _servers = [.. Enumerable.Range(0, 4).Select(number => new Member(number))];
        private readonly HashSet<(int, int)> _cut = [];
        private readonly Dictionary<long, int> _owners = new() { [1] = 0 };
        private bool _isDatabaseUp = true;
        private int _owner;
        private long _epoch = 1;

        public Model(int seed)
        {
            (_seed, _random) = (seed, new Random(seed));
            _servers[0].Local = 1;
            _servers.ForEach(server => Renew(server));
            _servers.ForEach(server => server.LastContact = Now);
        }

        public int Takeovers { get; private set; }

        private DateTimeOffset Now => _time.GetUtcNow();

        public void Step()
        {
            var server = _servers[_random.Next(_servers.Count)];
            switch (_random.Next(24))
            {
                case 0:
                    _isDatabaseUp = !_isDatabaseUp;
                            break;
                case 1:
                    server.HasDatabase = !server.HasDatabase;
                    break;
                case 2:
                    // A kill; the row of the lease remains.
                    (server.IsRunning, server.Local) = (false, null);
                    break;
                case 3:
                    server.IsRunning = true;
                    break;
                case 4:
                    server.IsPaused = !server.IsPaused;
                    break;
                case 5:
                    var other = _random.Next(_servers.Count);
                    if (!_cut.Remove((server.Number, other)))
                    {
                        _cut.Add((server.Number, other));
                    }

                    break;
                case 6:
                    server.HasEncoder = !server.HasEncoder;
                    break;
                case 7:
                    server.HasCopy = !server.HasCopy;
                    break;
            }

            Advance(TimeSpan.FromMilliseconds(_random.Next(100, 2000)));
            foreach (var member in _servers.OrderBy(_ => _random.Next()))
            {
                Check(member);
            }
        }

        private void Advance(TimeSpan by)
        {
            for (var end = Now + by; Now < end;)
            {
                _time.Advance(TimeSpan.FromMilliseconds(100));
                foreach (var server in _servers.Where(server => server is { IsRunning: true, IsPaused: false }))
                {
                    // An owner that has lost only the database continues to send its feed.
                    if (_servers.Exists(owner => owner.Number != server.Number && owner is { IsRunning: true, IsPaused: false }
                        && owner.Local >= _epoch && !_cut.Contains((server.Number, owner.Number))))
                    {
                        server.LastContact = Now;
                    }

                    if (Reaches(server) && Now - server.Renewed >= Renewal)
                    {
                        Renew(server);
                    }
                }
            }
        }

        private bool Reaches(Member server) => _isDatabaseUp && server is { HasDatabase: true, IsRunning: true, IsPaused: false };

        private void Renew(Member server)
        {
            if (server.LeaseUntil < Now)
            {
                server.UnbrokenSince = Now;
            }

            (server.Renewed, server.LeaseUntil) = (Now, Now + Lease);
        }

        private void Check(Member server)
        {
            if (!Reaches(server))
            {
                return;
            }

            if (server.Local is { } local && (_owner != server.Number || local < _epoch))
            {
                // The check ends a session that another server has taken.
                server.Local = null;
            }

            var owner = _servers[_owner];
            if (_owner == server.Number && server.Local is null)
            {
                // A server that starts continues its own session.
                Claim(server);
                return;
            }

            var contact = server.LeaseUntil > Now ? Now - server.UnbrokenSince : TimeSpan.Zero;
            var standing = Rules.Evaluate(new OwnerInfo(true, _owner == server.Number, true, false, Now - owner.LeaseUntil, contact,
                TimeSpan.FromMinutes(10)));
            var suitability = !server.HasCopy || Now - server.LastContact < Silence ? TakeoverSuitability.None
                : server.HasEncoder ? TakeoverSuitability.Encoder : TakeoverSuitability.Mirror;
            if (standing != OwnershipStatus.LeaseExpired || suitability == TakeoverSuitability.None
                || (suitability == TakeoverSuitability.Mirror && Now - owner.LeaseUntil < MirrorDelay))
            {
                return;
            }

            (Now - owner.Renewed).ShouldBeGreaterThanOrEqualTo(Lease, $"schedule {_seed}: the owner renewed");
            var isReachable = owner is { IsRunning: true, IsPaused: false, Local: not null } && owner.Local >= _epoch
                && !_cut.Contains((server.Number, owner.Number));
            isReachable.ShouldBeFalse($"schedule {_seed}: server {server.Number} hears the owner");
            Takeovers++;
            Claim(server);
        }

        private void Claim(Member server)
        {
            var epoch = _epoch + 1;
            _owners.ShouldNotContainKey(epoch, $"schedule {_seed}: epoch {epoch} has an owner");
            epoch.ShouldBeGreaterThan(_epoch);
            (_owners[epoch], _owner, _epoch, server.Local) = (server.Number, server.Number, epoch, epoch);
            _servers.GroupBy(member => member.Local).ShouldAllBe(group => group.Key == null || group.Count() == 1);
        }
    }

    private sealed class Member(int number)
    {
        public int Number => number;

        public bool IsRunning { get; set; } = true;

        public bool IsPaused { get; set; }

        public bool HasDatabase { get; set; } = true;

        public bool HasEncoder { get; set; } = number == 1;

        public bool HasCopy { get; set; } = true;

        /// <summary>Epoch of the session that the server runs.</summary>
        public long? Local { get; set; }

        /// <summary>Time of the last message of the owner.</summary>
        public DateTimeOffset LastContact { get; set; }

        public DateTimeOffset Renewed { get; set; }

        public DateTimeOffset LeaseUntil { get; set; }

        public DateTimeOffset UnbrokenSince { get; set; }
    }
}
