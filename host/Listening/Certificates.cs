using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broadcast.Media;

namespace Broadcast.Host.Listening;

/// <summary>Reads the server's certificate, or makes a self-signed one that is kept in the data folder.</summary>
internal static class Certificates
{
    private const long MaxFileBytes = 1024 * 1024;

    /// <summary>How long before its end a self-signed certificate is made anew.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromDays(7);

    /// <summary>Everything that configured files hold, to see whether they changed.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read one.</exception>
    public static (byte[] Certificate, byte[]? Key) ReadFiles(TlsOptions options) =>
        (ReadFile(options.CertificateFile!), options.KeyFile is { } key ? ReadFile(key) : null);

    /// <summary>Makes of files' contents what a handshake needs: certificate, key, and the chain that the file holds.</summary>
    /// <exception cref="CryptographicException">They are broken or do not belong together.</exception>
    public static SslStreamCertificateContext Parse(TlsOptions options, byte[] certificate, byte[]? key)
    {
        if (Path.GetExtension(options.CertificateFile!).ToUpperInvariant() is ".PFX" or ".P12")
        {
            var all = X509CertificateLoader.LoadPkcs12Collection(certificate, options.Password);
            var own = all.FirstOrDefault(c => c.HasPrivateKey) ?? throw new CryptographicException("No private key is in it.");
            return SslStreamCertificateContext.Create(own, [.. all.Where(c => c != own)], offline: true);
        }

        var text = System.Text.Encoding.UTF8.GetString(certificate);
        var keyText = key is null ? text : System.Text.Encoding.UTF8.GetString(key);
        using var pem = options.Password is { } password ? X509Certificate2.CreateFromEncryptedPem(text, keyText, password) : X509Certificate2.CreateFromPem(text, keyText);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(text);
        return SslStreamCertificateContext.Create(
            X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null),
            [.. chain.Where(c => c.Thumbprint != pem.Thumbprint)],
            offline: true);
    }

    /// <summary>The self-signed certificate: the one in the data folder, or a new one when there is none that lasts.</summary>
    public static SslStreamCertificateContext SelfSigned(DataFolder data, TimeProvider time)
    {
        var path = Path.Combine(data.Sub("tls"), "self-signed.pfx");
        var now = time.GetUtcNow();
        if (File.Exists(path))
        {
            try
            {
                var known = X509CertificateLoader.LoadPkcs12FromFile(path, null);
                if (Lasts(known, now))
                {
                    return SslStreamCertificateContext.Create(known, null, offline: true);
                }
            }
            catch (CryptographicException)
            {
                // Unreadable: made anew below, nothing depends on the old one.
            }
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Broadcast self-signed", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        names.AddDnsName(Dns.GetHostName());
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(1));
        var bytes = certificate.Export(X509ContentType.Pfx);
        WritePrivate(path, bytes);
        return SslStreamCertificateContext.Create(X509CertificateLoader.LoadPkcs12(bytes, null), null, offline: true);
    }

    /// <summary>Whether a self-signed certificate needs no successor yet.</summary>
    public static bool Lasts(X509Certificate2 certificate, DateTimeOffset now) => certificate.NotAfter.ToUniversalTime() > (now + Renewal).UtcDateTime;

    private static byte[] ReadFile(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length > MaxFileBytes)
        {
            throw new IOException($"{path} is over {MaxFileBytes} bytes, which no certificate is.");
        }

        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static void WritePrivate(string path, byte[] bytes)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(bytes);
    }
}
