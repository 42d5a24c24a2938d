using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Broadcast.Host.Diagnostics;
using Broadcast.Host.Listening;
using Broadcast.Origin;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>No client takes all connections, and all connections together leave files for everything else.</summary>
public sealed class ConnectionLimitsTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<OverloadReason> _counted = [];
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Socket> _sockets = [];
    private WebApplication? _app;
    private int _port;
    private int _internalPort;

    [Theory]
    [InlineData(null, 50_000)]
    [InlineData(1_048_576L, 50_000)]
    [InlineData(20_000L, 18_000)]
    [InlineData(4096L, 2096)]
    [InlineData(1024L, 512)]
    [InlineData(1L, 1)]
    public void Connections_leave_a_reserve_of_the_files_that_the_process_may_open(long? files, int expected) =>
        OpenFileLimit.ConnectionsOf(files).ShouldBe(expected);

    [Fact]
    public void Limits_of_all_listeners_together_do_not_exceed_the_connections()
    {
        var limits = new ConnectionLimits(2096, new DeliveryOptions());
        (limits.MaxViewers, limits.MaxPerClient, limits.MaxInternal, limits.MaxInternalPerClient, limits.MaxEncoders, limits.MaxUnpublished)
            .ShouldBe((1572, 393, 64, 32, 460, 230));
        (limits.MaxViewers + limits.MaxInternal + limits.MaxEncoders).ShouldBe(2096);
        OpenFileLimit.Read().ShouldNotBeNull().ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(null, "Good", "unlimited; at most 50000 connections")]
    [InlineData(20_000L, "Good", "20000 open files; at most 18000 connections")]
    [InlineData(4096L, "Warning", "4096 open files; at most 2096 connections")]
    public void Doctor_reports_a_low_limit_with_a_remedy(long? files, string outcome, string observed)
    {
        var check = Doctor.OpenFiles(files);
        (check.Outcome.ToString(), check.Observed).ShouldBe((outcome, observed));
        (check.Remedy?.Contains("LimitNOFILE=", StringComparison.Ordinal) ?? false).ShouldBe(outcome == "Warning");
    }

    [Fact]
    public async Task Idle_connections_of_one_client_replace_each_other_and_others_are_served()
    {
        var limits = await StartAsync(100, new DeliveryOptions { MaxConnectionsPerClient = 4, TrustedProxies = "127.0.0.9" });
        var asking = await ConnectAsync("127.0.0.1");
        await SendAsync(asking, "/held");
        await Poll.UntilAsync(() => Volatile.Read(ref _held) == 1);
        for (var i = 0; i < 20; i++)
        {
            await ConnectAsync("127.0.0.1");
        }

        await Poll.UntilAsync(() => _counted.Count == 17);
        _counted.ShouldAllBe(reason => reason == OverloadReason.ClientConnections);
        (await AnswerAsync(await ConnectAsync("127.0.0.2"), "/")).ShouldContain("200 OK");
        (await AnswerAsync(await ConnectAsync("127.0.0.1"), "/")).ShouldContain("200 OK", Case.Sensitive, "a new one replaces an idle one");
        _gate.SetResult();
        (await ReadAsync(asking)).ShouldContain("200 OK", Case.Sensitive, "a connection with a request is not replaced");
        for (var i = 0; i < 20; i++)
        {
            (await AnswerAsync(await ConnectAsync("127.0.0.9"), "/")).ShouldContain("200 OK");
        }

        limits.Viewers.ShouldBe(4 + 1 + 20, "trusted proxies have no limit of their own");
    }

    [Fact]
    public async Task Client_whose_connections_all_have_requests_is_rejected_until_one_ends()
    {
        await StartAsync(100, new DeliveryOptions { MaxConnectionsPerClient = 2 });
        Socket[] asking = [await ConnectAsync("127.0.0.1"), await ConnectAsync("127.0.0.1")];
        foreach (var socket in asking)
        {
            await SendAsync(socket, "/held");
        }

        await Poll.UntilAsync(() => Volatile.Read(ref _held) == 2);
        (await ReadAsync(await ConnectAsync("127.0.0.1"))).ShouldBeEmpty();
        _counted.ShouldBe([OverloadReason.ClientConnections]);
        _gate.SetResult();
        (await ReadAsync(asking[0])).ShouldContain("200 OK");
        (await AnswerAsync(await ConnectAsync("127.0.0.1"), "/")).ShouldContain("200 OK");
    }

    [Fact]
    public async Task Idle_connections_of_many_clients_together_leave_room_for_a_new_one()
    {
        var limits = await StartAsync(8, new DeliveryOptions());
        for (var i = 1; i <= 20; i++)
        {
            await ConnectAsync($"127.0.1.{i}");
        }

        (await AnswerAsync(await ConnectAsync("127.0.0.2"), "/")).ShouldContain("200 OK");
        await Poll.UntilAsync(() => _counted.Count == 15);
        _counted.ShouldAllBe(reason => reason == OverloadReason.Connections);
        limits.Viewers.ShouldBe(6);
    }

    [Fact]
    public async Task Idle_connections_to_the_internal_port_are_limited_and_health_checks_still_answered()
    {
        var limits = await StartAsync(64, new DeliveryOptions());
        for (var i = 0; i < limits.MaxViewers; i++)
        {
            await SendAsync(await ConnectAsync("127.0.0.1"), "/held");
        }

        await Poll.UntilAsync(() => Volatile.Read(ref _held) == limits.MaxViewers);
        (await ReadAsync(await ConnectAsync("127.0.0.1"))).ShouldBeEmpty("viewers have no connection left");
        for (var i = 0; i < 20; i++)
        {
            await ConnectAsync($"127.0.0.{1 + (i % 4)}", _internalPort);
        }

        await Poll.UntilAsync(() => _counted.Count == 1 + 20 - limits.MaxInternal);
        limits.Internal.ShouldBe(limits.MaxInternal);
        (await AnswerAsync(await ConnectAsync("127.0.0.1", _internalPort), "/")).ShouldContain("200 OK");
        (await AnswerAsync(await ConnectAsync("127.0.0.2", _internalPort), "/")).ShouldContain("200 OK");
    }

    [Fact]
    public async Task Client_of_the_internal_port_whose_requests_take_long_leaves_connections_to_others()
    {
        var limits = await StartAsync(64, new DeliveryOptions());
        for (var i = 0; i < limits.MaxInternalPerClient; i++)
        {
            await SendAsync(await ConnectAsync("127.0.0.1", _internalPort), "/held");
        }

        await Poll.UntilAsync(() => Volatile.Read(ref _held) == limits.MaxInternalPerClient);
        (await ReadAsync(await ConnectAsync("127.0.0.1", _internalPort))).ShouldBeEmpty();
        (await AnswerAsync(await ConnectAsync("127.0.0.2", _internalPort), "/")).ShouldContain("200 OK");
    }

    [Fact]
    public async Task Loopback_has_no_limit_of_its_own_by_default()
    {
        var limits = await StartAsync(100, new DeliveryOptions());
        for (var i = 0; i < 60; i++)
        {
            await ConnectAsync("127.0.0.1");
        }

        await Poll.UntilAsync(() => limits.Viewers == 60);
        _counted.ShouldBeEmpty();
    }

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        _gate.TrySetResult();
        _sockets.ForEach(socket => socket.Dispose());
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    private int _held;

    private async Task<ConnectionLimits> StartAsync(int connections, DeliveryOptions delivery)
    {
        var limits = new ConnectionLimits(connections, delivery, _counted.Enqueue);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Any, 0, limits.UseForViewers);
            kestrel.Listen(IPAddress.Any, 0, limits.UseForInternal);
        });
        _app = builder.Build();
        ConnectionLimits.Use(_app);
        _app.MapGet("/", () => "served");
        _app.MapGet("/held", async () =>
        {
            Interlocked.Increment(ref _held);
            await _gate.Task;
            return "held";
        });
        await _app.StartAsync();
        var ports = _app.Urls.Select(url => new Uri(url).Port).ToList();
        (_port, _internalPort) = (ports[0], ports[1]);
        return limits;
    }

    private async Task<Socket> ConnectAsync(string from, int? port = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port ?? _port);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The server rejected the connection before this thread saw that it was established. Reads return nothing.
        }

        return socket;
    }

    private static async Task SendAsync(Socket socket, string path) =>
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));

    private static async Task<string> AnswerAsync(Socket socket, string path)
    {
        await SendAsync(socket, path);
        return await ReadAsync(socket);
    }

    /// <summary>Returns what one read returns; empty when the connection was closed.</summary>
    private static async Task<string> ReadAsync(Socket socket)
    {
        var buffer = new byte[4096];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, deadline.Token));
        }
        catch (SocketException)
        {
            return "";
        }
    }
}
