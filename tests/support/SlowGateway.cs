using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Broadcast.Testing;

/// <summary>
/// A TLS proxy before an S3 service on loopback. It delays each request and answers some writes with <c>503 SlowDown</c>, as AWS does.
/// </summary>
public sealed class SlowGateway : IAsyncDisposable
{
    private readonly HttpClient _http =
        new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, MaxConnectionsPerServer = 256 });
    private readonly Uri _behind;
    private readonly X509Certificate2 _certificate = SignItself();
    private WebApplication? _app;
    private int _writes;
    private int _refused;
    private int _delayed;

    private SlowGateway(Uri behind) => _behind = behind;

    /// <summary>Address of the proxy.</summary>
    public string Endpoint => _app!.Urls.Single();

    /// <summary>Self-signed certificate in PEM format.</summary>
    public string Certificate => _certificate.ExportCertificatePem();

    /// <summary>Delay of each request.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>One of this many writes is refused; 0 refuses none.</summary>
    public int RefusesEvery { get; set; }

    /// <summary>Number of refused requests.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Number of delayed requests.</summary>
    public int Delayed => Volatile.Read(ref _delayed);

    /// <summary>Starts a proxy before a service.</summary>
    public static async Task<SlowGateway> StartAsync(string behind)
    {
        var gateway = new SlowGateway(new Uri(behind));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.UseHttps(gateway._certificate);
            });
        });
        gateway._app = builder.Build();
        gateway._app.Run(gateway.PassAsync);
        await gateway._app.StartAsync();
        return gateway;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app!.DisposeAsync();
        _http.Dispose();
        _certificate.Dispose();
    }

    private static X509Certificate2 SignItself()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=slow gateway", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
    }

    private async Task PassAsync(HttpContext http)
    {
        var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        if (Delay > TimeSpan.Zero)
        {
            Interlocked.Increment(ref _delayed);
            await Task.Delay(Delay, http.RequestAborted);
        }

        if (http.Request.Method == HttpMethods.Put && RefusesEvery > 0 && Interlocked.Increment(ref _writes) % RefusesEvery == 0)
        {
            Interlocked.Increment(ref _refused);
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            http.Response.ContentType = "application/xml";
            await http.Response
                .WriteAsync(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>SlowDown</Code><Message>Reduce your request "
                    + "rate.</Message></Error>", http.RequestAborted);
            return;
        }

        using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method),
            new Uri(_behind, http.Request.Path.ToUriComponent() + http.Request.QueryString.ToUriComponent()));
        request.Content = body.Length > 0 || http.Request.Method == HttpMethods.Put ? new ByteArrayContent(body.ToArray()) : null;
        foreach (var (name, values) in http.Request.Headers)
        {
            // Includes Host, because it is signed.
            if (!name.Equals("Connection", StringComparison.OrdinalIgnoreCase) && !name.Equals("Transfer-Encoding",
                StringComparison.OrdinalIgnoreCase) && !name.Equals("Expect", StringComparison.OrdinalIgnoreCase)
                && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, http.RequestAborted);
        http.Response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers)
            .Where(header => header.Key is not ("Transfer-Encoding" or "Connection")))
        {
            http.Response.Headers[name] = values.ToArray();
        }

        await answer.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
    }
}
