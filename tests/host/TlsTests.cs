using System.Net.Sockets;
using Broadcast.Host.Listening;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>Row H10: hostile clients of the TLS port; and certificate changes.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestCertificates _authority = new();

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData("-tls1", false)]
    [InlineData("-tls1_1", false)]
    [InlineData("-tls1_2", true)]
    [InlineData("-tls1_3", true)]
    public async Task H10_TLS_1_2_and_later_are_accepted_and_older_versions_are_not(string version, bool spoken)
    {
        await using var server = await TlsServer.StartAsync();
        var result = await server.OpensslAsync("", "-brief", version, "-cipher", "DEFAULT@SECLEVEL=0");
        (result.ExitCode == 0).ShouldBe(spoken, result.Error);
    }

    [Theory]
    [InlineData("-noservername")]
    [InlineData("-servername", "another.example.org")]
    public async Task H10_Client_with_an_unknown_or_missing_server_name_is_served(params string[] name)
    {
        await using var server = await TlsServer.StartAsync();
        var result = await server.OpensslAsync("", ["-brief", .. name]);
        result.ExitCode.ShouldBe(0, result.Error);
    }

    [Fact]
    public async Task H10_Renegotiation_ends_the_connection()
    {
        await using var server = await TlsServer.StartAsync();
        var result = await server.OpensslAsync("R", "-brief", "-tls1_2");
        (result.Output + result.Error).ShouldContain("RENEGOTIATING");
        result.ExitCode.ShouldNotBe(0);
        (await server.SubjectAsync()).ShouldContain("Broadcast");
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 22 })]
    [InlineData(new byte[] { 22, 3, 1, 2, 0, 1, 0, 1, 252 })]
    public async Task H10_Stalled_handshake_times_out_after_5_s(byte[] sent)
    {
        var clock = new ManualTimeProvider();
        await using var server = await TlsServer.StartAsync(time: clock);
        using var client = await server.ConnectPlainAsync();
        await client.GetStream().WriteAsync(sent);
        await Poll.UntilAsync(() => clock.ArmedTimers == 1);
        clock.Advance(TlsConnectionMiddleware.Deadline - TimeSpan.FromMilliseconds(1));
        client.Client.Poll(0, SelectMode.SelectRead).ShouldBeFalse("it still has time");

        clock.Advance(TimeSpan.FromMilliseconds(1));

        await ClosedAsync(client);
    }

    [Fact]
    public async Task H10_Completed_handshake_has_no_deadline()
    {
        var clock = new ManualTimeProvider();
        await using var server = await TlsServer.StartAsync(time: clock);
        var (stream, _) = await server.ConnectAsync();
        await EchoAsync(stream);
        clock.Advance(TimeSpan.FromHours(1));
        await EchoAsync(stream);
        await stream.DisposeAsync();
    }

    [Fact]
    public async Task H10_Huge_ClientHello_is_disconnected_without_affecting_other_clients()
    {
        await using var server = await TlsServer.StartAsync();
        using var client = await server.ConnectPlainAsync();

        // A handshake message of 16 MB, in records of the largest size.
        var record = new byte[5 + 16_384];
        (record[0], record[1], record[2], record[3], record[4]) = (22, 3, 1, 0x40, 0);
        var first = record.ToArray();
        (first[5], first[6], first[7], first[8]) = (1, 0xFF, 0xFF, 0xFF);
        var refused = await Should.ThrowAsync<IOException>(async () =>
        {
            await client.GetStream().WriteAsync(first);
            for (var i = 0; i < 1000; i++)
            {
                await client.GetStream().WriteAsync(record);
            }
        });
        refused.InnerException.ShouldBeOfType<SocketException>();
        (await server.SubjectAsync()).ShouldContain("Broadcast");
    }

    [Theory]
    [InlineData(new byte[] { 3, 0, 0, 0 }, "RTMP without TLS")]
    [InlineData(new byte[] { (byte)'G', (byte)'E', (byte)'T', (byte)' ' }, "not TLS")]
    public async Task H10_Plaintext_on_the_TLS_port_is_disconnected_with_a_hint_in_the_log(byte[] sent, string hint)
    {
        await using var server = await TlsServer.StartAsync();
        using var client = await server.ConnectPlainAsync();
        await client.GetStream().WriteAsync(sent);
        await ClosedAsync(client);
        server.Log.Contains(hint).ShouldBeTrue();
        server.Log.Contains("rtmps://").ShouldBeTrue();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Full_certificate_chain_is_sent_so_that_clients_with_the_root_can_verify(bool pfx)
    {
        using var certificate = _authority.Issue("live");
        await using var server = await TlsServer.StartAsync((folder, tls) =>
        {
            File.WriteAllText(Path.Combine(folder, "root.pem"), _authority.Root);
            tls.CertificateFile = Path.Combine(folder, pfx ? "live.pfx" : "live.pem");
            if (pfx)
            {
                File.WriteAllBytes(tls.CertificateFile, _authority.Pfx(certificate, "secret"));
                tls.Password = "secret";
            }
            else
            {
                tls.KeyFile = Write(folder, "live.key", TestCertificates.Key(certificate));
                File.WriteAllText(tls.CertificateFile, _authority.Chain(certificate));
            }
        });
        var result = await server.OpensslAsync("", "-brief", "-CAfile", Path.Combine(server.Folder, "root.pem"), "-verify_return_error",
            "-verify_hostname", "localhost");
        result.ExitCode.ShouldBe(0, result.Error);
        result.Error.ShouldContain("Verification: OK");
    }

    [Fact]
    public async Task New_certificate_is_used_for_new_connections_and_existing_ones_continue()
    {
        using var old = _authority.Issue("old");
        using var renewed = _authority.Issue("renewed");
        await using var server = await TlsServer.StartAsync(Files(old));
        var (running, subject) = await server.ConnectAsync();
        subject.ShouldBe("CN=old");

        Replace(server, renewed);
        server.Look();

        (await server.SubjectAsync()).ShouldBe("CN=renewed");
        await EchoAsync(running);
        await running.DisposeAsync();
        server.Log.Contains("CN=renewed").ShouldBeTrue();
    }

    [Fact]
    public async Task Invalid_certificate_keeps_the_old_one_and_is_logged_once_until_a_valid_one()
    {
        using var old = _authority.Issue("old");
        using var other = _authority.Issue("other");
        using var expired = _authority.Issue("expired", daysLeft: -1);
        await using var server = await TlsServer.StartAsync(Files(old));
        Action[] mishaps =
        [
            () => File.WriteAllText(server.Options.CertificateFile!, "broken"),
            () => File.WriteAllText(server.Options.CertificateFile!, ""),
            () => File.WriteAllText(server.Options.CertificateFile!, _authority.Chain(other)),   // the key is still the previous one
            () => Replace(server, expired),
            () => File.WriteAllBytes(server.Options.CertificateFile!, new byte[2_000_000]),
            () => File.Delete(server.Options.CertificateFile!),
        ];
        for (var i = 0; i < mishaps.Length; i++)
        {
            mishaps[i]();
            server.Look();
            server.Look();
            (await server.SubjectAsync()).ShouldBe("CN=old");
            server.Log.Lines.Count(l => l.Contains("unusable", StringComparison.Ordinal)).ShouldBe(i + 1);
            Replace(server, old);
            server.Look();
        }

        Replace(server, other);
        server.Look();
        (await server.SubjectAsync()).ShouldBe("CN=other");
    }

    [Fact]
    public async Task Certificate_files_are_checked_periodically()
    {
        using var old = _authority.Issue("old");
        using var renewed = _authority.Issue("renewed");
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await TlsServer.StartAsync(Files(old), clock);
        server.Watch.Start(server.Log);
        Replace(server, renewed);
        clock.Advance(server.Options.CheckInterval);
        (await server.SubjectAsync()).ShouldBe("CN=renewed");
    }

    [Fact]
    public async Task Self_signed_certificate_is_renewed_a_week_before_it_expires()
    {
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await TlsServer.StartAsync(time: clock);
        var first = server.Watch.Current.TargetCertificate.Thumbprint;
        server.Look();
        server.Watch.Current.TargetCertificate.Thumbprint.ShouldBe(first);
        clock.Advance(TimeSpan.FromDays(359));
        server.Look();
        server.Watch.Current.TargetCertificate.Thumbprint.ShouldNotBe(first);
    }

    [Fact]
    public async Task Unreadable_certificate_prevents_startup_with_the_reason()
    {
        var failure = await Should.ThrowAsync<StartException>(() =>
            TlsServer.StartAsync((folder, tls) => tls.CertificateFile = Write(folder, "live.pem", "nonsense")));
        failure.Message.ShouldContain("live.pem");
    }

    [Fact]
    public async Task HTTPS_offers_HTTP_2()
    {
        await using var server = await TlsServer.StartAsync(http: true);
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        using var client = new HttpClient(handler) { DefaultRequestVersion = System.Net.HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        (await client.GetStringAsync($"https://127.0.0.1:{server.Port}/")).ShouldBe("HTTP/2");
    }

    private Action<string, TlsOptions> Files(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate) => (folder, tls) =>
    {
        tls.CertificateFile = Write(folder, "live.pem", _authority.Chain(certificate));
        tls.KeyFile = Write(folder, "live.key", TestCertificates.Key(certificate));
    };

    private void Replace(TlsServer server, System.Security.Cryptography.X509Certificates.X509Certificate2 certificate) =>
        Files(certificate)(server.Folder, server.Options);

    private static string Write(string folder, string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static async Task EchoAsync(Stream stream)
    {
        await stream.WriteAsync("still here"u8.ToArray());
        var back = new byte[10];
        await stream.ReadExactlyAsync(back);
        back.ShouldBe("still here"u8.ToArray());
    }

    private static async Task ClosedAsync(TcpClient client)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        try
        {
            (await client.GetStream().ReadAsync(new byte[100], timeout.Token)).ShouldBe(0);
        }
        catch (IOException)
        {
            // A reset also closes the connection.
        }
    }
}
