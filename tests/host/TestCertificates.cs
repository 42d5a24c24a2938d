using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Broadcast.Host.Tests;

/// <summary>A root, an intermediate and server certificates, as issued by a public authority.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _intermediate;
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    public TestCertificates()
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest("CN=Test Root", rootKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _root = root.CreateSelfSigned(_now.AddDays(-30), _now.AddDays(300));
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var intermediate = new CertificateRequest("CN=Test Intermediate", key, HashAlgorithmName.SHA256);
        intermediate.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var signed = intermediate.Create(_root, _now.AddDays(-20), _now.AddDays(200), [1]);
        _intermediate = signed.CopyWithPrivateKey(key);
    }

    public string Root => _root.ExportCertificatePem();

    /// <summary>A server certificate for <c>localhost</c>.</summary>
    public X509Certificate2 Issue(string name, int daysLeft = 90)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(_intermediate, _now.AddDays(-10), _now.AddDays(daysLeft), RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }

    /// <summary>Certificate and chain in PEM format.</summary>
    public string Chain(X509Certificate2 certificate) =>
        certificate.ExportCertificatePem() + "\n" + _intermediate.ExportCertificatePem() + "\n";

    public static string Key(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    /// <summary>Certificate, chain and key in PFX format.</summary>
    public byte[] Pfx(X509Certificate2 certificate, string password)
    {
        using var chain = X509CertificateLoader.LoadCertificate(_intermediate.RawData);
        return new X509Certificate2Collection { certificate, chain }.Export(X509ContentType.Pfx, password)!;
    }

    public void Dispose()
    {
        _root.Dispose();
        _intermediate.Dispose();
    }
}
