export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M16 6v20M16 12 8 20v4M16 12l8 8v4" />
    </svg>
  );
}
