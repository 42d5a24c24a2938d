using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broadcast.Media;

namespace Broadcast.Host.Listening;

/// <summary>Loads the server's certificate, or creates a self-signed one in the data folder.</summary>
internal static class Certificates
{
    private const long MaxFileBytes = 1024 * 1024;

    /// <summary>Time before its expiry at which a self-signed certificate is replaced.</summary>
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(7);

    /// <summary>Reads the configured files, for change detection and parsing.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The user may not read a file.</exception>
    public static (byte[] Certificate, byte[]? Key) ReadFiles(TlsOptions options) =>
        (ReadFile(options.CertificateFile!), options.KeyFile is { } key ? ReadFile(key) : null);

    /// <summary>Creates the TLS context of certificate, key and the chain in the file.</summary>
    /// <exception cref="CryptographicException">The contents are invalid, or certificate and key do not match.</exception>
    public static SslStreamCertificateContext Parse(TlsOptions options, byte[] certificate, byte[]? key)
    {
        if (Path.GetExtension(options.CertificateFile!).ToUpperInvariant() is ".PFX" or ".P12")
        {
            var all = X509CertificateLoader.LoadPkcs12Collection(certificate, options.Password);
            var serverCertificate = all.FirstOrDefault(c => c.HasPrivateKey)
                ?? throw new CryptographicException("The file contains no private key.");
            return SslStreamCertificateContext.Create(serverCertificate, [.. all.Where(c => c != serverCertificate)], offline: true);
        }

        var text = System.Text.Encoding.UTF8.GetString(certificate);
        var keyText = key is null ? text : System.Text.Encoding.UTF8.GetString(key);
        using var pem = options.Password is { } password ? X509Certificate2.CreateFromEncryptedPem(text, keyText, password)
            : X509Certificate2.CreateFromPem(text, keyText);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(text);
        return SslStreamCertificateContext.Create(
            X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pfx), null),
            [.. chain.Where(c => c.Thumbprint != pem.Thumbprint)],
            offline: true);
    }

    /// <summary>Gets the self-signed certificate from the data folder, or creates one if there is none or it is about to expire.</summary>
    public static SslStreamCertificateContext SelfSigned(DataFolder data, TimeProvider time)
    {
        var path = Path.Combine(data.Subfolder("tls"), "self-signed.pfx");
        var now = time.GetUtcNow();
        if (File.Exists(path))
        {
            try
            {
                var existing = X509CertificateLoader.LoadPkcs12FromFile(path, null);
                if (IsValidLongEnough(existing, now))
                {
                    return SslStreamCertificateContext.Create(existing, null, offline: true);
                }
            }
            catch (CryptographicException)
            {
                // Unreadable: a new one is created below; nothing depends on the old one.
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

    /// <summary>Returns whether a self-signed certificate need not be replaced yet.</summary>
    public static bool IsValidLongEnough(X509Certificate2 certificate, DateTimeOffset now) =>
        certificate.NotAfter.ToUniversalTime() > (now + RenewBefore).UtcDateTime;

    private static byte[] ReadFile(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length > MaxFileBytes)
        {
            throw new IOException($"{path} is larger than {MaxFileBytes} bytes and not a certificate.");
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
