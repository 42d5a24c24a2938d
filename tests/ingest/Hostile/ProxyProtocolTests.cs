using System.Net;
using System.Text;
using Broadcast.Ingest.Rtmp.Proxies;
using Broadcast.Ingest.Tests.EndToEnd;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Row H11 of the hostile inputs: PROXY headers, forged and real.</summary>
public sealed class ProxyProtocolTests
{
    private static readonly byte[] Signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    public static TheoryData<byte[], string?> Good => new()
    {
        { "PROXY TCP4 203.0.113.9 198.51.100.2 56324 1935\r\n"u8.ToArray(), "203.0.113.9:56324" },
        { "PROXY TCP6 2001:db8::9 2001:db8::1 56324 1935\r\n"u8.ToArray(), "[2001:db8::9]:56324" },
        { "PROXY UNKNOWN\r\n"u8.ToArray(), null },
        { "PROXY UNKNOWN ffff:f:f ignored 1 2\r\n"u8.ToArray(), null },
        { Version2(0x21, 0x11, [203, 0, 113, 9, 198, 51, 100, 2, 0xDC, 4, 7, 0x8F]), "203.0.113.9:56324" },
        { Version2(0x21, 0x11, [203, 0, 113, 9, 198, 51, 100, 2, 0xDC, 4, 7, 0x8F, 0x04, 0, 3, 1, 2, 3]), "203.0.113.9:56324" },
        { Version2(0x21, 0x21, [0x20, 1, 0xD, 0xB8, .. new byte[11], 9, .. new byte[16], 0xDC, 4, 7, 0x8F]), "[2001:db8::9]:56324" },
        { Version2(0x20, 0x00, []), null },
        { Version2(0x20, 0x11, new byte[12]), null },
        { Version2(0x21, 0x31, new byte[216]), null },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void H11_header_of_either_version_is_read_and_a_prefix_needs_more_bytes(byte[] bytes, string? source)
    {
        for (var length = 0; length < bytes.Length; length++)
        {
            ProxyProtocolHeader.TryRead(bytes.AsSpan(0, length), out _, out _).ShouldBe(ProxyProtocolResult.NeedMore);
        }

        ProxyProtocolHeader.TryRead([.. bytes, 3, 0, 0], out var read, out var size).ShouldBe(ProxyProtocolResult.Read);
        (read?.ToString(), size).ShouldBe((source, bytes.Length));
    }

    public static TheoryData<byte[]> Bad => new((byte[][])
    [
        [3, 0, 0, 0],
        "GET / HTTP/1.1\r\n\r\n"u8.ToArray(),
        "PROXY TCP4 203.0.113.9 198.51.100.2 56324\r\n"u8.ToArray(),
        "PROXY TCP4 203.0.113.9 198.51.100.2 56324 1935 \r\n"u8.ToArray(),
        "PROXY TCP4 203.0.113 198.51.100.2 56324 1935\r\n"u8.ToArray(),
        "PROXY TCP4 0xCB.0.113.9 198.51.100.2 56324 1935\r\n"u8.ToArray(),
        "PROXY TCP4 2001:db8::9 2001:db8::1 56324 1935\r\n"u8.ToArray(),
        "PROXY TCP6 fe80::1%eth0 2001:db8::1 56324 1935\r\n"u8.ToArray(),
        "PROXY TCP4 203.0.113.9 198.51.100.2 65536 1935\r\n"u8.ToArray(),
        "PROXY TCP4 203.0.113.9 198.51.100.2 056 1935\r\n"u8.ToArray(),
        "PROXY TCP4 203.0.113.9 198.51.100.2 -1 1935\r\n"u8.ToArray(),
        "PROXY \r\n"u8.ToArray(),
        Encoding.ASCII.GetBytes("PROXY UNKNOWN " + new string('x', 100) + "\r\n"),
        Version2(0x11, 0x11, new byte[12]),
        Version2(0x22, 0x11, new byte[12]),
        Version2(0x21, 0x11, new byte[11]),
        Version2(0x21, 0x21, new byte[35]),
        [.. Signature, 0x21, 0x11, 0xFF, 0xFF],
        [.. Signature[..11], 0],
    ]);

    [Theory]
    [MemberData(nameof(Bad))]
    public void H11_malformed_header_is_invalid(byte[] bytes) =>
    ProxyProtocolHeader.TryRead(bytes, out _, out _).ShouldBe(ProxyProtocolResult.Invalid);

    [Theory]
    [InlineData("PROXY TCP4 203.0.113.9 198.51.100.2 56324 1935\r\n")]
    [InlineData("\r\n\r\n\0\r\nQUIT\n")]
    public async Task H11_header_from_an_untrusted_address_is_rejected(string header)
    {
        await using var server = await IngestServer.StartAsync(("TrustedProxies", "192.0.2.0/24"));
        using var client = await RawClient.ConnectAsync(server);
        await client.TrySendAsync([.. Encoding.Latin1.GetBytes(header), .. Wire.Opening()]);
        (await client.IsClosedAsync()).ShouldBeTrue();
        server.Authority.Asked.ShouldBeEmpty();
        server.Log.Contains("203.0.113.9").ShouldBeFalse();
    }

    [Fact]
    public async Task H11_client_address_behind_a_trusted_load_balancer_applies_to_limits()
    {
        await using var server = await IngestServer.StartAsync(("TrustedProxies", "10.0.0.0/8, 127.0.0.0/8"),
            ("MaxUnpublishedConnectionsPerAddress", "2"));
        using var client = await RawClient.ConnectAsync(server);
        await client.DripAsync("PROXY TCP4 203.0.113.9 198.51.100.2 56324 1935\r\n"u8.ToArray(), TimeSpan.Zero);
        await client.TrySendAsync(Wire.Opening("good1"));
        await Poll.UntilAsync(() => server.Authority.Asked.Count == 1);
        server.Authority.Asked.Single().Remote.ShouldBe(new IPEndPoint(IPAddress.Parse("203.0.113.9"), 56324));
        await Poll.UntilAsync(() => server.Log.Contains("203.0.113.9:56324"));

        // Limits apply to the address behind the load balancer: three connections from one address, and one from another.
        var idle = new List<RawClient>();
        foreach (var address in (string[])["203.0.113.7", "203.0.113.8", "203.0.113.8", "203.0.113.8"])
        {
            idle.Add(await RawClient.ConnectAsync(server));
            await idle[^1].TrySendAsync(Encoding.ASCII.GetBytes($"PROXY TCP4 {address} 198.51.100.2 5000 1935\r\n"));
            await Poll.UntilAsync(() => server.Waiting >= Math.Min(idle.Count, 3));
        }

        (await idle[1].IsClosedAsync()).ShouldBeTrue();
        (await idle[0].IsClosedAsync(0.2)).ShouldBeFalse();
        idle.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task H11_trusted_load_balancer_without_a_complete_header_is_rejected()
    {
        using var counted = new MetricCounts();
        await using var server = await IngestServer.StartAsync(("TrustedProxies", "127.0.0.1"), ("HandshakeTimeout", "00:00:00.3"));
        using var without = await RawClient.ConnectAsync(server);
        await without.TrySendAsync(Wire.Opening());
        (await without.IsClosedAsync()).ShouldBeTrue();
        using var half = await RawClient.ConnectAsync(server);
        await half.TrySendAsync("PROXY TCP4 203.0"u8.ToArray());
        (await half.IsClosedAsync()).ShouldBeTrue();
        server.Authority.Asked.ShouldBeEmpty();
        counted["broadcast_ingest_rejections invalid_proxy_header"].ShouldBeGreaterThanOrEqualTo(2);
    }

    [Theory]
    [InlineData("10.0.0.0/8, ::/129")]
    [InlineData("balancer.example.org")]
    public async Task H11_invalid_trusted_networks_prevent_the_start(string networks) =>
        (await Should.ThrowAsync<Exception>(() => IngestServer.StartAsync(("TrustedProxies", networks)))).ToString()
        .ShouldContain("Ingest:TrustedProxies");

    private static byte[] Version2(byte command, byte family, byte[] rest) =>
        [.. Signature, command, family, (byte)(rest.Length >> 8), (byte)rest.Length, .. rest];
}
