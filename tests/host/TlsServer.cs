using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Broadcast.Host.Listening;
using Broadcast.Media;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Host.Tests;

/// <summary>The TLS listener on a free loopback port, with an echo in place of RTMP.</summary>
internal sealed class TlsServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TempFolder _folder;

    private TlsServer(WebApplication app, TempFolder folder, CertificateReloader watch, TlsOptions options, CapturingLogger log)
    {
        (_app, _folder, Watch, Options, Log) = (app, folder, watch, options, log);
        Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
    }

    public int Port { get; }

    public string Folder => _folder.Path;

    public CertificateReloader Watch { get; }

    public TlsOptions Options { get; }

    public CapturingLogger Log { get; }

    /// <param name="configure">
    /// Writes certificate files into the folder and configures them; by default the self-signed certificate is used.
    /// </param>
    /// <param name="time">Clock of the deadlines.</param>
    /// <param name="http">Serves HTTP instead of the echo.</param>
    public static async Task<TlsServer> StartAsync(Action<string, TlsOptions>? configure = null, TimeProvider? time = null,
        bool http = false)
    {
        var (folder, options, log) = (TempFolder.Create(), new TlsOptions(), new CapturingLogger());
        configure?.Invoke(folder.Path, options);
        var clock = time ?? TimeProvider.System;
        var watch = new CertificateReloader(options, new DataFolder(folder.Path), clock);
        watch.Load();
        var front = new TlsConnectionMiddleware(watch, clock);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (http)
            {
                front.UseForHttp(listen);
                return;
            }

            front.UseForRtmp(listen);
            listen.Run(connection => connection.Transport.Input.CopyToAsync(connection.Transport.Output));
        }));
        var app = builder.Build();
        app.Run(context => context.Response.WriteAsync(context.Request.Protocol));
        await app.StartAsync();
        return new(app, folder, watch, options, log);
    }

    public void Look() => Watch.Check(Log);

    /// <summary>Connects through TLS with any certificate and returns the certificate's subject.</summary>
    public async Task<(SslStream Stream, string Subject)> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost",
            RemoteCertificateValidationCallback = (_, _, _, _) => true });
        return (stream, new X509Certificate2(stream.RemoteCertificate!).Subject);
    }

    public async Task<string> SubjectAsync()
    {
        var (stream, subject) = await ConnectAsync();
        await stream.DisposeAsync();
        return subject;
    }

    public async Task<TcpClient> ConnectPlainAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        return client;
    }

    /// <summary>Runs openssl's client, which ends immediately or after <paramref name="input"/>.</summary>
    public async Task<ProcessResult> OpensslAsync(string input, params string[] arguments)
    {
        await using var openssl = ChildProcess.Start("openssl", ["s_client", "-connect", $"127.0.0.1:{Port}", .. arguments],
            openInput: true);
        foreach (var line in input.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            await Poll.UntilAsync(() => openssl.HasExited || openssl.OutputLines.Concat(openssl.ErrorLines)
                .Any(l => l.StartsWith("CONNECTION ESTABLISHED", StringComparison.Ordinal)));
            await openssl.Input.WriteAsync(System.Text.Encoding.ASCII.GetBytes(line + "\n"));
            await openssl.Input.FlushAsync();
        }

        if (input.Length == 0)
        {
            openssl.Input.Close();
        }

        var code = await openssl.WaitForExitAsync(TimeSpan.FromSeconds(20));
        return new(code, string.Join('\n', openssl.OutputLines), string.Join('\n', openssl.ErrorLines));
    }

    public async ValueTask DisposeAsync()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.Zero, TimeProvider.System);
        await _app.StopAsync(timeout.Token);
        await _app.DisposeAsync();
        Watch.Dispose();
        _folder.Dispose();
    }
}
